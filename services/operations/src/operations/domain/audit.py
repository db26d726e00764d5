"""The record of what operators did: each entry carries the hash of the one before, so none can go or change unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from standards.hash_chain import BEGINNING, digest, stamp

Detail = str | int | float | bool | None


class AuditEntry(BaseModel):
    """Who did what to what, when and why. `number` counts up without a gap."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: int
    at: datetime
    by: str
    action: str
    target: str
    reason: str
    details: Mapping[str, Detail]
    previous: str
    hash: str
    version: int = 0


class AuditHead(BaseModel):
    """The end of the record: how many entries there are, and the hash of the last."""

    model_config = ConfigDict(frozen=True)

    id: str = "head"
    number: int = 0
    hash: str = BEGINNING
    version: int = 0


class Act(BaseModel):
    """What is to be recorded."""

    model_config = ConfigDict(frozen=True)

    by: str
    action: str
    target: str
    reason: str = ""
    details: Mapping[str, Detail] = {}


def follow(head: AuditHead, act: Act, at: datetime) -> tuple[AuditEntry, AuditHead]:
    """Return the entry of an act as the next of the record, and the record's new end."""
    number = head.number + 1
    entry = AuditEntry(id=entry_id(number), number=number, at=at, **act.model_dump(), previous=head.hash, hash="")
    sealed = entry.model_copy(update={"hash": hash_of(entry)})
    return sealed, head.model_copy(update={"number": number, "hash": sealed.hash})


def entry_id(number: int) -> str:
    """Return the id of an entry; ids sort as the entries do."""
    return f"a{number:012d}"


def hash_of(entry: AuditEntry) -> str:
    """Hash everything that an entry says, and the hash before it (SHA-256 over JSON with sorted keys, UTF-8)."""
    told = {
        "number": entry.number,
        "at": stamp(entry.at),
        "by": entry.by,
        "action": entry.action,
        "target": entry.target,
        "reason": entry.reason,
        "details": dict(entry.details),
        "previous": entry.previous,
    }
    return digest(told)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; everything that is given must be met. `until` is excluded."""

    by: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def meets(self, entry: AuditEntry) -> bool:
        """Tell whether an entry is one of them."""
        return (
            self.by in {None, entry.by}
            and self.action in {None, entry.action}
            and self.target in {None, entry.target}
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the record is whole: the first entry that is not right, and why (`missing`, `changed`, `cut-off`)."""

    entries: int
    hash: str
    broken_at: int | None = None
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


@dataclass(slots=True)
class AuditVerification:
    """Follows the record from its beginning, entry by entry."""

    number: int = 0
    hash: str = BEGINNING
    problem: str | None = None

    def read(self, entries: Iterable[AuditEntry]) -> None:
        """Check the next entries; the first fault ends it."""
        for entry in entries:
            if self.problem is not None:
                return
            if entry.number != self.number + 1:
                self.problem = "missing"
            elif entry.previous != self.hash or entry.hash != hash_of(entry):
                self.problem = "changed"
            else:
                self.number, self.hash = entry.number, entry.hash

    def end(self, head: AuditHead) -> Verification:
        """Compare with what the record's end says."""
        if self.problem is None and (self.number, self.hash) != (head.number, head.hash):
            self.problem = "cut-off"
        broken = None if self.problem is None else self.number + 1
        return Verification(self.number, self.hash, broken, self.problem)
