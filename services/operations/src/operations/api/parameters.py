"""What callers ask of failures: the questions of a search, a choice, a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from operations.domain.failure import State
from operations.domain.search import ChosenFailures, Criteria, Place
from operations.handlers.dependencies import Deps
from runtime.clock import Moment
from runtime.errors import Refusal
from standards.bounds import Name, Text, Words
from standards.moments import read_moment
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor

DepsOf = Annotated[Deps, Depends(routes.deps)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]

Since = Annotated[Moment | None, Query(description="From this moment on")]
Until = Annotated[Moment | None, Query(description="Before this moment")]


class OperatorReason(BaseModel):
    """Why; it is kept in the record of actions."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "INC-4711：核对地址"}]})

    reason: Words | None = None


class ManyGiven(OperatorReason):
    """Which failures, in exactly one of three ways, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"group": "g0a1b2c3d4e5f607", "reason": "INC-4711：部门重复发送，原记录已处理"},
                {"failures": ["f" + "0" * 31], "reason": "测试数据"},
                {"search": {"service": "matcher", "text": "KeyError"}, "reason": "测试数据"},
            ]
        },
    )

    failures: tuple[Name, ...] | None = Field(None, max_length=2_000)
    group: Name | None = None
    search: Criteria | None = None

    @property
    def chosen(self) -> ChosenFailures:
        return ChosenFailures(failures=self.failures, group=self.group, search=self.search)


async def _criteria(  # noqa: PLR0913 - each is one question
    *,
    text: Annotated[str | None, Query(max_length=200, description=str(Criteria.__doc__))] = None,
    service: Annotated[Text | None, Query(examples=["matcher"])] = None,
    event_type: Annotated[Text | None, Query(examples=["applications.document-submitted.v2"])] = None,
    reason: Annotated[Text | None, Query(examples=["wrong-schema"])] = None,
    case: Annotated[Text | None, Query()] = None,
    event_id: Annotated[Text | None, Query()] = None,
    group: Annotated[Text | None, Query(examples=["g0a1b2c3d4e5f607"])] = None,
    state: Annotated[
        list[State] | None, Query(max_length=20, description="Any of these; all when none is given")
    ] = None,
    since: Since = None,
    until: Until = None,
    field: Annotated[
        list[Text] | None,
        Query(
            max_length=50, description="A place in the event and its value", examples=["/data/document_type=id-card"]
        ),
    ] = None,
) -> Criteria:
    return Criteria(
        text=text,
        service=service,
        event_type=event_type,
        reason=reason,
        case=case,
        event_id=event_id,
        group=group,
        states=tuple(state or ()),
        since=since,
        until=until,
        fields=tuple(field or ()),
    )


Asked = Annotated[Criteria, Depends(_criteria)]
"""The questions of a search."""


async def _place(cursor: Cursor) -> Place | None:
    match cursor:
        case None:
            return None
        case [str() as moment, str() as id_]:
            try:
                return read_moment(moment), id_
            except ValueError as error:
                raise Refusal("bad-cursor", field="cursor") from error
        case _:
            raise Refusal("bad-cursor", field="cursor")


After = Annotated[Place | None, Depends(_place)]
"""Where the page before ended, in a list of what was seen last."""


def place(seen_last: datetime, id: str) -> list[str | int | None]:
    """Write where a page ends."""
    return [seen_last.isoformat(), id]
