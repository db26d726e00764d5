"""What the address of a page asks for, read into what the handlers take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends
from starlette.datastructures import QueryParams
from starlette.requests import Request

from operations.domain.failure import STATES, State
from operations.domain.search import Criteria, Place
from operations.handlers.dependencies import Deps
from operations.web import formats
from operations.web.templates import query
from runtime.errors import Refusal
from web import pages, routes

DepsOf = Annotated[Deps, Depends(routes.deps)]

PAGE = 25
"""How many a list shows at once."""
_LONGEST_NUMBER = 9
SAID = ("done", "count")
"""Parameters that say what was done just now."""

FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The parameters of an address; what was typed is kept as it was, for the form to show it again."""

    typed: QueryParams

    def text(self, name: str) -> str:
        """Return a parameter without spaces around it; empty when there is none."""
        return self.typed.get(name, "").strip()

    def or_none(self, name: str) -> str | None:
        """Return a parameter, or None."""
        return self.text(name) or None

    def moment(self, name: str) -> datetime | None:
        """Return a moment. Raises Refusal for what is none."""
        return moment_of(name, self.text(name))

    def number(self, name: str) -> int:
        """Return a whole number from 0; 0 for what is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0

    def states(self) -> tuple[State, ...]:
        """Return the states of failures that are asked for."""
        given = self.typed.getlist("state")
        return tuple(state for state in STATES if state in given)

    def place(self) -> Place | None:
        """Return where the page before ended. Raises Refusal for what we did not give."""
        text = self.text("after")
        if not text:
            return None
        match pages.decode(text):
            case [str() as at, str() as id_]:
                return _moment(at, "after"), id_
        raise Refusal("bad-cursor", field="after")

    def criteria(self) -> Criteria:
        """Return what is searched for. Raises Refusal for a time that is none."""
        return Criteria(
            text=self.or_none("text"),
            service=self.or_none("service"),
            event_type=self.or_none("type"),
            reason=self.or_none("reason"),
            case=self.or_none("case"),
            event_id=self.or_none("event"),
            group=self.or_none("group"),
            states=self.states(),
            since=self.moment("since"),
            until=self.moment("until"),
            fields=tuple(line.strip() for line in self.text("field").splitlines() if line.strip()),
        )

    @property
    def said(self) -> dict[str, object]:
        """What the page's template needs to say what was done just now."""
        return {"done": self.text("done"), "count": self.number("count")}

    def without(self, *names: str) -> str:
        """Return the same question without some of its parameters, as the end of an address."""
        kept: dict[str, list[str]] = {}
        for name, value in self.typed.multi_items():
            if name not in names and value:
                kept.setdefault(name, []).append(value)
        return query(**kept)


async def _asked(request: Request) -> PageRequest:
    return PageRequest(request.query_params)


AskedOf = Annotated[PageRequest, Depends(_asked)]


def moment_of(name: str, text: str) -> datetime | None:
    """Return the moment that a field holds, or None when it is empty. Raises Refusal."""
    return _moment(text, name) if text else None


def _moment(text: str, name: str) -> datetime:
    try:
        read = formats.read_moment(text)
    except ValueError as error:
        raise Refusal("bad-moment", field=name) from error
    if read is None:
        raise Refusal("bad-moment", field=name)
    return read


class SeenRequest(Protocol):
    """What is listed by when it was seen last."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def last_seen(self) -> datetime:
        """When it was seen last."""


def place_after(last: SeenRequest) -> pages.Key:
    """Return where a page of groups or failures ends."""
    return [last.last_seen.isoformat(), last.id]


def pager(
    found: Sequence[FoundT], path: str, asked: PageRequest, key: Callable[[FoundT], pages.Key]
) -> Mapping[str, str | None]:
    """Return the addresses of the next page, if there is one, and of the first, if this is another.

    `found` is one more than is shown when there is a next page, `key` gives the sort key after which that begins.
    """
    rest = asked.without("after", *SAID)
    following = f"{rest}{'&' if rest else '?'}after={pages.encode(key(found[PAGE - 1]))}" if len(found) > PAGE else None
    return {
        "older": f"{path}{following}" if following else None,
        "first": f"{path}{rest}" if asked.text("after") else None,
    }
