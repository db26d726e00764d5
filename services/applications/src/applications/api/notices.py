"""/v1/notices: the public notice of what was decided, names and numbers masked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel

from applications.api.labels import Labels
from applications.api.parts import AskedMonth, DepsOf, WordingOf
from applications.domain.decided import Decided
from applications.handlers import queries
from runtime.clock import today
from runtime.errors import Refusal
from standards.moments import read_moment
from web.pages import Cursor, Key, Limit, Page, page

router = APIRouter(prefix="/notices", tags=["notices"])

_KEY_PARTS = 2


class NoticeView(BaseModel):
    """One decision, without its item: item, day and a part of the name together would tell who it was."""

    applicant: str
    number: str
    outcome: Literal["approved", "rejected"]
    outcome_name: str
    decided_on: date

    @classmethod
    def of(cls, decided: Decided, wording: Labels) -> Self:
        return cls(
            applicant=decided.masked_name,
            number=decided.masked_number,
            outcome=decided.outcome,
            outcome_name=wording.say(f"states.{decided.outcome}"),
            decided_on=today(decided.decided_at),
        )


@router.get("", summary="What was decided, latest first")
async def notices(
    deps: DepsOf, wording: WordingOf, cursor: Cursor, month: AskedMonth, limit: Limit = 20
) -> Page[NoticeView]:
    """Give the public notices of a month, under each item's own policy: all decisions, approvals or none.

    The running month is shown up to yesterday, and as many of them as the open statistics count: the latest few come
    when there are more. No sign-in is needed.
    """
    found = await queries.notices(deps, month=month, before=moment(cursor), limit=limit + 1)
    return page(
        found,
        limit,
        key=lambda each: [each.decided_at.isoformat(), each.id],
        view=lambda each: NoticeView.of(each, wording),
    )


def moment(cursor: Key | None) -> tuple[datetime, str] | None:
    """Return the moment and id before which a page begins. Raises Refusal."""
    if cursor is None:
        return None
    try:
        moment, id_ = cursor if len(cursor) == _KEY_PARTS else ("", "")
        return read_moment(str(moment)), str(id_)
    except ValueError as error:
        raise Refusal("bad-cursor", field="cursor") from error
