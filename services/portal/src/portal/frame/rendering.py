"""From a template to a page: each place's templates under its name, every value escaped, a missing one an error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from portal.frame import formats
from portal.frame.assets import asset

FRAME = Path(__file__).parent


def environment(folders: Iterable[tuple[str, Path]]) -> Environment:
    """Make the environment of the templates: `desk/queue.html` is `templates/queue.html` in the folder of the desk."""
    made = Environment(
        loader=PrefixLoader({name: FileSystemLoader(folder / "templates") for name, folder in folders}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "machine": formats.machine,
        "number": formats.number,
        "size": formats.size,
        "path_of": path_of,
        "sentence": formats.sentence,
    }
    made.globals |= {"asset": asset, "query": query}
    return made


def query(**values: object) -> str:
    """Return the part of an address that follows the question mark, without what is empty."""
    told = {name: value for name, value in values.items() if value not in (None, "", ())}
    return f"?{urlencode(told, doseq=True)}" if told else ""


def path_of(text: object) -> str:
    """Write a text as one part of an address."""
    return quote(str(text), safe="")
