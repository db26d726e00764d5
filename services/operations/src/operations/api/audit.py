"""Routes of the record of actions: read, take out, check."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from operations.api.parameters import DepsOf, Operator, Since, Until
from operations.domain.audit import AuditEntry, AuditQuery, Detail, Verification
from operations.handlers import audit as handlers
from operations.handlers.dependencies import Deps
from runtime.errors import Refusal
from standards.bounds import Text
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/audit-entries", tags=["audit"])

COLUMNS = ("number", "at", "by", "action", "target", "reason", "details", "previous", "hash")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FILES: dict[str, tuple[str, str]] = {
    "jsonl": ("application/jsonl", "operations-audit.jsonl"),
    "csv": ("text/csv; charset=utf-8", "operations-audit.csv"),
}


class EntryView(BaseModel):
    """Who did what to what, when and why; `hash` covers all of it and `previous`, the hash of the entry before."""

    number: int
    at: datetime
    by: str
    action: str
    target: str
    reason: str
    details: Mapping[str, Detail]
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls.model_validate(entry.model_dump(include=set(cls.model_fields)))


class AuditVerificationView(BaseModel):
    """Whether the record is whole, up to which entry, and under which hash."""

    whole: bool
    entries: int
    hash: str = Field(description="Of the last sound entry; keep it elsewhere to prove later what there was")
    broken_at: int | None
    problem: Literal["missing", "changed", "cut-off"] | None

    @classmethod
    def of(cls, found: Verification) -> Self:
        return cls(
            whole=found.is_whole,
            entries=found.entries,
            hash=found.hash,
            broken_at=found.broken_at,
            problem=found.problem,
        )


async def _asked(
    by: Annotated[Text | None, Query(examples=["operator-1"])] = None,
    action: Annotated[Text | None, Query(examples=["failure-discarded"])] = None,
    target: Annotated[Text | None, Query(examples=["f0a1b2c3d4e5f60718293a4b5c6d7e8f"])] = None,
    since: Since = None,
    until: Until = None,
) -> AuditQuery:
    return AuditQuery(by, action, target, since, until)


Questions = Annotated[AuditQuery, Depends(_asked)]


@router.get("", summary="Read the record of operators' actions, the latest first")
async def entries(
    asked: Questions, operator: Operator, deps: DepsOf, cursor: Cursor, limit: Limit = 20
) -> Page[EntryView]:
    """Everything that is given must be met."""
    del operator
    found = await handlers.entries(asked, _before(cursor), limit, deps)
    return page(found, limit, key=lambda it: [it.number], view=EntryView.of)


@router.get(
    "/export",
    summary="Take the record out, from its first entry",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}, "text/csv": {}}, "description": "The entries"}},
)
async def export(
    asked: Questions,
    operator: Operator,
    deps: DepsOf,
    form: Annotated[Literal["jsonl", "csv"], Query(alias="format", description="JSON Lines or CSV")] = "jsonl",
) -> StreamingResponse:
    """Send all entries that are asked for, however many there are."""
    del operator
    media_type, name = _FILES[form]
    content = lines(asked, deps) if form == "jsonl" else table(asked, deps)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=media_type, headers=headers)


@router.get("/verification", summary="Check that the record is whole")
async def verify(operator: Operator, deps: DepsOf) -> AuditVerificationView:
    """Follow the chain of hashes from the first entry: nothing changed, taken out or cut off."""
    del operator
    return AuditVerificationView.of(await handlers.verify(deps))


@router.get("/{number}", summary="Read one entry")
async def read(number: Annotated[int, Path(ge=1, le=10**12)], operator: Operator, deps: DepsOf) -> EntryView:
    """Show one entry of the record."""
    del operator
    return EntryView.of(await handlers.find(number, deps))


async def lines(asked: AuditQuery, deps: Deps) -> AsyncIterator[str]:
    """Write entries as JSON Lines."""
    async for entry in handlers.export(asked, deps):
        yield EntryView.of(entry).model_dump_json() + "\n"


async def table(asked: AuditQuery, deps: Deps) -> AsyncIterator[str]:
    """Write entries as CSV with a line of names."""
    yield _row(COLUMNS)
    async for entry in handlers.export(asked, deps):
        told = EntryView.of(entry).model_dump(mode="json")
        told["details"] = json.dumps(told["details"], ensure_ascii=False, sort_keys=True)
        yield _row([str(told[column]) for column in COLUMNS])


def _row(values: Sequence[str]) -> str:
    """Write one line; what a spreadsheet would run as a formula is made text."""
    written = io.StringIO()
    csv.writer(written).writerow([f"'{value}" if value.startswith(_FORMULA) else value for value in values])
    return written.getvalue()


def _before(cursor: Sequence[str | int | None] | None) -> int | None:
    match cursor:
        case None:
            return None
        case [int() as number]:
            return number
        case _:
            raise Refusal("bad-cursor", field="cursor")
