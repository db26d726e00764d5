"""An export as a page: by subject, in words and Shenzhen time; no script, no link, nothing from elsewhere.

What is shown of a record, and how, says `data/export_page.yaml`. Everything else is in the JSON of the export.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, RootModel

from data_rights.api.export_values import ExportReader
from data_rights.domain.export import Export
from runtime.data_files import load

Sections = Mapping[str, Mapping[str, Sequence[Any]]]


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    rows: Mapping[str, str] = {}


class _List(_Shown):
    each: str


class _Section(_Shown):
    comes_from: str = Field(alias="from")
    lists: tuple[_List, ...] = ()


class _Chapter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    chapter: str
    sections: tuple[_Section, ...]


class ExportLayout(RootModel[tuple[_Chapter, ...]]):
    """The whole file."""


class ExportRow(BaseModel):
    """A label and what stands beside it: one text, or several with labels of their own."""

    label: str
    text: str = ""
    parts: tuple[ExportRow, ...] = ()


class ExportCard(BaseModel):
    """A record: its heading, its rows, and lists of smaller ones."""

    title: str
    rows: tuple[ExportRow, ...]
    lists: tuple[tuple[str, tuple[tuple[ExportRow, ...], ...]], ...] = ()


def page(export: Export, sections: Sections, language: str) -> str:
    reader = ExportReader(language, export.resident_id)
    return (
        _environment()
        .get_template("export.html")
        .render(
            language=language,
            style=Markup(_style()),  # noqa: S704 - our own file, as its hash in the policy proves
            title=reader.say("title"),
            about=reader.say("about", at=reader.moment(export.requested_at), ends=reader.moment(export.ends_at)),
            elsewhere=reader.say("elsewhere"),
            nothing=reader.say("nothing"),
            contents=reader.say("contents"),
            chapters=[
                (each.chapter, reader.say(f"chapters.{each.chapter}"), _groups(each, sections, reader))
                for each in _layout()
            ],
        )
    )


@cache
def policy() -> str:
    """Return the page's policy: its own style, which it carries, and nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _groups(chapter: _Chapter, sections: Sections, reader: ExportReader) -> list[tuple[str, list[ExportCard]]]:
    shown = list[tuple[str, list[ExportCard]]]()
    for section in chapter.sections:
        service, _, name = section.comes_from.partition(".")
        records = [reader.prepared(section.comes_from, each) for each in sections.get(service, {}).get(name, ())]
        if records:
            shown.append((reader.named("sections", name), [_card(section, each, reader) for each in records]))
    return shown


def _card(section: _Section, record: Mapping[str, Any], reader: ExportReader) -> ExportCard:
    return ExportCard(
        title=reader.heading(section.title, record),
        rows=tuple(_rows(section.rows, record, reader)),
        lists=tuple(
            (reader.say(f"lists.{each.title}"), tuple(tuple(_rows(each.rows, it, reader)) for it in found))
            for each in section.lists
            if (found := reader.at(record, each.each))
        ),
    )


def _rows(rows: Mapping[str, str], record: Mapping[str, Any], reader: ExportReader) -> Iterator[ExportRow]:
    for label, spec in rows.items():
        path, _, how = spec.partition(", ")
        value = reader.at(record, path)
        if value is None or value in ("", [], {}):
            continue
        if how == "values":
            parts = tuple(ExportRow(label=name, text=text) for name, text in reader.values(value))
            yield ExportRow(label=reader.say(f"labels.{label}"), parts=parts)
        else:
            yield ExportRow(label=reader.say(f"labels.{label}"), text=reader.shown(value, how))


@cache
def _layout() -> tuple[_Chapter, ...]:
    return load(Path(str(files("data_rights"))) / "data" / "export_page.yaml", ExportLayout).root


@cache
def _style() -> str:
    return (Path(__file__).parent / "templates" / "export.css").read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
