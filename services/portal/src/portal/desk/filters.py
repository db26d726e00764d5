"""Which tasks are looked at: a filter in an address, and filters that a browser keeps under names of their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson
from fastapi import Request
from starlette.responses import Response

from portal.frame import cookies
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.visitors import Reviewer

router = page_router()

COOKIE = "__Host-yizheng-filters"
MOST = 12
_LONGEST_NAME = 30
_LONGEST = 100


@dataclass(frozen=True)
class Filter:
    """What a list of tasks is narrowed to; empty: everything."""

    kind: str = ""
    department: str = ""
    document_type: str = ""
    claimed_by: str = ""
    overdue: str = ""
    mine: str = ""
    taken_over_from_me: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read it from an address; what it does not know is left out."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value[:_LONGEST] for name, value in parse_qsl(text[:1000]) if name in known})

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read that of a list's address."""
        return cls.read(request.url.query)

    @property
    def asked(self) -> dict[str, str]:
        """What is asked of the interface."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def text(self) -> str:
        """It as a text, for an address."""
        return urlencode(self.asked)

    @property
    def address(self) -> str:
        """The list that it narrows."""
        return f"/desk/tasks?{self.text}" if self.text else "/desk/tasks"


def kept(request: Request) -> dict[str, Filter]:
    """Return the filters that the browser keeps, by name."""
    try:
        said = orjson.loads(unquote(cookies.read(request, COOKIE)) or "{}")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(said, dict):
        return {}
    return {str(name)[:_LONGEST_NAME]: Filter.read(str(text)) for name, text in list(said.items())[:MOST]}


@router.post("/desk/filters")
async def keep(visit: Reviewer, form: Sent) -> Response:
    """Keep a filter under a name; the same name takes the place of an earlier one."""
    chosen, name = Filter.read(form.text("queue")), form.text("name")[:_LONGEST_NAME]
    answer = visit.go(f"{chosen.address}{'&' if chosen.text else '?'}done=filter-kept")
    if name:
        known = {each: found for each, found in kept(visit.request).items() if each != name}
        _write(answer, dict([(name, chosen), *known.items()][:MOST]))
    return answer


@router.post("/desk/filters/removal")
async def remove(visit: Reviewer, form: Sent) -> Response:
    """Forget a filter."""
    answer = visit.go("/desk/?done=filter-removed")
    _write(answer, {name: found for name, found in kept(visit.request).items() if name != form.text("name")})
    return answer


def _write(answer: Response, filters: dict[str, Filter]) -> None:
    text = orjson.dumps({name: found.text for name, found in filters.items()}).decode()
    cookies.write(answer, COOKIE, quote(text, safe=""), seconds=cookies.A_YEAR)
