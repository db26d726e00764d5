"""A case whose data was erased at a resident's request: what operations keeps of its messages from then on.

That something happened stays: an event's id, type, case and time, a dead letter's reason. What it said goes, and goes
again whenever a message of the case comes late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict

from operations.domain.diff import Diff
from operations.domain.edit import Edit, EditDecision
from operations.domain.failure import Discarded, Failure
from operations.domain.trail import Recorded

ERASED: Final = "erased"
"""The fault of an event, and the reason of a dead letter put away, that was erased."""
_KEPT = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "correlationid",
    "causationid",
    "traceparent",
)


class ErasedCase(BaseModel):
    """A case, by its id. `is_settled` once its messages were looked through again, for those that came meanwhile."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    erasure: str
    at: datetime
    is_settled: bool = False


def blanked(entry: Recorded) -> Recorded:
    """Return an event of the trail without what it said; its digest stays, so that it is known when it comes again."""
    return replace(entry, body=_envelope(entry.body), fault=ERASED)


def emptied(failure: Failure) -> Failure:
    """Return a failure without its message and everything that quotes it."""
    gone: dict[str, object] = {"body": None, "headers": {}, "stack": "", "message": "", "rule": "", "words": ()}
    return failure.model_copy(update=gone)


def put_away(failure: Failure, by: str, at: datetime) -> Failure:
    """Return a failure without its message; an open one is discarded, as there is nothing left to replay."""
    empty = emptied(failure)
    if failure.state != "open":
        return empty
    return empty.model_copy(update={"state": "discarded", "discarded": Discarded(by=by, at=at, reason=ERASED)})


def unedited(edit: Edit, by: str, at: datetime) -> Edit:
    """Return an edit without what it was to send; one that has not been sent yet is withdrawn."""
    nothing = {"body": b"", "diff": Diff(lines=(), changed=()), "changes": (), "reason": ERASED}
    empty = edit.model_copy(update=nothing)
    if edit.state not in {"proposed", "approved"}:
        return empty
    return empty.model_copy(update={"state": "withdrawn", "closed": EditDecision(by=by, at=at, reason=ERASED)})


def _envelope(body: bytes) -> bytes:
    try:
        event: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        event = None
    said = event if isinstance(event, dict) else {}
    return orjson.dumps({name: said[name] for name in _KEPT if isinstance(said.get(name), str)} | {"data": {}})
