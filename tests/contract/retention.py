"""How long each kind of data lives (`shared/contracts/retention.yaml`), and the page made of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from store.retention import DataKind, Declared, Kinds, read
from tests.contract.published import CONTRACTS

_ORIGIN = (
    "Generated from `shared/contracts/retention.yaml` by `make contracts`; do not edit it here. Terms are assumed: a "
    "district sets its own in that file. What has a term is removed within an hour after it has ended. *On request* "
    "says what happens when the resident asks for erasure; where it is empty, the data describes no resident."
)
_HEAD = ("| what | where | how long | since | why | on request |", "|---|---|---|---|---|---|")
_ON_REQUEST = {"erase": "erased", "keep": "kept", "nobody": "", None: "with it"}
_BY = {"service": "", "own": "", "broker": " (its queue)"}


@cache
def declared() -> Declared:
    """Read the file."""
    return read(CONTRACTS / "retention.yaml")


def places(kinds: Kinds) -> Iterator[str]:
    """Give the collections that some kinds lie in; a bucket is two of them."""
    for kind in kinds.values():
        for place in kind.places:
            yield place
            yield from (f"{place}.files", f"{place}.chunks")


def page() -> str:
    """Return docs/retention.md."""
    said = declared()
    parts = ["# How long things are kept 保存期限", "", _ORIGIN]
    sections = {"Every service": said.every_service, "The bus": said.bus, **said.services}
    for title, kinds in sections.items():
        parts += ["", f"## {title}", "", *_HEAD, *map(_line, kinds.values())]
    return "\n".join(parts) + "\n"


def _line(kind: DataKind) -> str:
    where = ", ".join(f"`{place}`" for place in kind.places)
    states = "".join(f", {name}: {', '.join(values)}" for name, values in kind.when.items())
    since = f"`{kind.since}`" if kind.since else ""
    what = f"{kind.name.en} {kind.name.zh_cn}"
    return f"| {what} | {where}{states} | {_how_long(kind)} | {since} | {kind.why.en} | {_ON_REQUEST[kind.asked]} |"


def _how_long(kind: DataKind) -> str:
    if kind.days is not None:
        return f"{kind.days} day{'s' if kind.days > 1 else ''}{_BY[kind.by]}"
    return kind.lasts.en if kind.lasts else f"as long as `{kind.goes_with}`"
