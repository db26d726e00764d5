"""A file of records that a department hands over: how far it has been taken in, and what can be done with it."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from pydantic import Field

from credential_store.domain.column_map import Mapping
from credential_store.domain.credential import CredentialModel, Moment
from runtime.errors import Conflict, TextKey

State = Literal["running", "paused", "cancelled", "done"]
EVERYTHING_REFUSED = "everything-refused"
_ENOUGH_REFUSED = 1000
"""Lines, all of them refused, after which it is not the lines that are wrong."""


class ReceivedFile(CredentialModel):
    """A file as it came: where its content is kept, its SHA-256 and size.

    Of a CSV file also its columns, and the bytes of its header, the file's own mark before them.
    """

    file: str
    name: str
    digest: str
    size: int
    columns: tuple[str, ...]
    header: bytes = b""


class HandOver(CredentialModel):
    """One file of one department under one mapping (None: JSON Lines).

    `offset` is the byte after the last line that is stored or refused, `inside` that it lies within a line that was
    too long. `lines` are those before it, as an editor counts them, `blank` those of them that say nothing. `file` is
    None once its content is not needed any more. `number` sorts by the time of arrival.
    """

    id: str
    version: int = 0
    number: str
    department: str
    by: str
    received: ReceivedFile
    mapping: Mapping | None
    state: State = "running"
    problem: str | None = None
    insisted: bool = False
    is_kept: bool = True
    offset: int = 0
    inside: bool = False
    lines: int = 0
    blank: int = 0
    stored: int = 0
    unchanged: int = 0
    refused: int = 0
    received_at: Moment
    resumed_at: Moment
    resumed_with: int = 0
    moved_at: Moment
    ended_at: Moment | None = None

    @property
    def percent(self) -> float:
        """How much of the file has been taken in."""
        return 100.0 if self.state == "done" else round(100 * self.offset / max(self.received.size, 1), 1)

    @property
    def speed(self) -> float:
        """Lines a second since it was last resumed."""
        seconds = (self.moved_at - self.resumed_at).total_seconds()
        return round((self.lines - self.resumed_with) / seconds, 1) if seconds > 0 else 0.0

    def moved(self, at: Moment, **progress: int | bool) -> HandOver:
        """Note how far it has come. It stops by itself when nothing but refused lines came so far."""
        after = self.model_copy(update={"moved_at": at, **progress})
        if after.offset >= after.received.size:
            return after.model_copy(update={"state": "done", "ended_at": at})
        if after.refused >= _ENOUGH_REFUSED and not (after.stored or after.unchanged or after.insisted):
            return after.model_copy(update={"state": "paused", "problem": EVERYTHING_REFUSED})
        return after

    def paused(self) -> HandOver:
        """Stop it until it is resumed. Refused unless it is running."""
        return self._require("running").model_copy(update={"state": "paused"})

    def resumed(self, at: Moment) -> HandOver:
        """Go on where it was stopped. Refused unless it is paused."""
        return self._require("paused").going_on(at)

    def cancelled(self, at: Moment) -> HandOver:
        """Take no more of it; what was taken in stays. Refused when it has ended."""
        return self._require("running", "paused").model_copy(update={"state": "cancelled", "ended_at": at})

    def going_on(self, at: Moment) -> HandOver:
        """Go on, whatever it was stopped for."""
        again = {"resumed_at": at, "resumed_with": self.lines, "moved_at": at, "ended_at": None}
        return self.model_copy(update={"state": "running", "problem": None, "insisted": True, **again})

    def handed_in_again(self, received: ReceivedFile, at: Moment) -> HandOver:
        """Take the same file once more: go on where it was stopped; what runs or is done stays as it is.

        The new copy of the content is needed only where the old one is gone.
        """
        if self.state in {"running", "done"}:
            return self
        if self.is_kept:
            return self.going_on(at)
        return self.going_on(at).model_copy(update={"received": received, "is_kept": True})

    def _require(self, *states: State) -> HandOver:
        if self.state not in states:
            raise Conflict("hand-over-not-in-that-state", state=TextKey(f"hand-overs.{self.state}"))
        return self


class RefusedLine(CredentialModel):
    """A line that was not stored: which, why, where in the record, and what the texts about it mention.

    `written` are its bytes as they came, without the line's end; empty where they are too many to be sent back.
    """

    id: str
    version: int = 0
    hand_over: str
    line: int
    record_id: str | None
    reason: str
    path: str
    params: dict[str, str | int] = Field(default_factory=dict)
    written: bytes = b""


def hand_over_id(department: str, digest: str, mapping: Mapping | None) -> str:
    """Return the id that the same file under the same mapping always gets."""
    said = f"{department}\n{digest}\n{mapping.model_dump_json() if mapping else ''}"
    return "hov_" + sha256(said.encode()).hexdigest()[:24]
