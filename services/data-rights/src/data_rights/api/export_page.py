"""An export as a page: no script, no link to anywhere, the same words as the answers of the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data_rights.api.wording import TEXTS, name
from data_rights.domain.export import Export
from runtime.clock import SHENZHEN

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def page(export: Export, sections: Mapping[str, Mapping[str, Sequence[Any]]], language: str) -> str:
    """Return the page, in one language."""
    return _PAGES.get_template("export.html").render(
        language=language,
        export=export,
        sections=sections,
        say=lambda key, **params: TEXTS.say(language, f"export-page.{key}", **params),
        service=lambda code: name("services", code, language),
        section=lambda code: name("sections", code, language),
        moment=_moment,
        kind=_kind,
    )


def _moment(at: datetime) -> str:
    return at.astimezone(SHENZHEN).strftime("%Y-%m-%d %H:%M")


def _kind(value: object) -> str:
    """Tell how a value is shown: as fields, as a list, as nothing, or as text."""
    if isinstance(value, Mapping):
        return "fields" if value else "nothing"
    if isinstance(value, list | tuple):
        return "list" if value else "nothing"
    return "nothing" if value is None or value == "" else "text"
