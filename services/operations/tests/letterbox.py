"""Dead letters for tests, and fakes in memory of where failures, groups and the record are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bus.batch_consumer import RawMessage
from bus.event import Change, ConflictError
from local_stack.layout import ROOT
from operations.domain.audit import Act, AuditEntry, AuditHead, AuditQuery, Detail, follow
from operations.domain.erased import ErasedCase
from operations.domain.failure import Failure, State, Summary
from operations.domain.group import FailureGroup, GroupDelta, Move, Note, tallies
from operations.domain.items import Fate, Known
from operations.domain.letter import Letter
from operations.domain.search import Criteria, Place
from testkit.fakes import FakeChange, FakeClock

EXAMPLES = ROOT / "shared" / "contracts" / "events"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))


def example(type_: str = "identity.id-registered.v1", **changes: object) -> dict[str, Any]:
    """Return a contract's example event, changed."""
    event: dict[str, Any] = orjson.loads((EXAMPLES / f"{type_}.example.json").read_bytes())
    return event | changes


def headers_of(event: Mapping[str, Any], at: datetime = NOON, **changes: object) -> dict[str, Any]:
    """Return the headers with which a service gives a message up."""
    told: dict[str, Any] = {
        "x-reason": "handler-failed",
        "x-service": "matcher",
        "x-handler": "learn_person",
        "x-path": "",
        "x-rule": "",
        "x-exception": "KeyError",
        "x-frame": "matcher/handlers/people.py learn_person",
        "x-message": "KeyError: 'holder_index'",
        "x-event-type": event["type"],
        "x-event-id": event["id"],
        "x-case": event["correlationid"],
        "x-failed-at": at.isoformat(timespec="milliseconds"),
        "x-stack": "Traceback (most recent call last): ...",
        "x-attempts": 15,
    }
    return told | {f"x-{name.replace('_', '-')}": value for name, value in changes.items()}


def raw(
    event: Mapping[str, Any] | bytes,
    id: str,
    at: datetime = NOON,
    *,
    queue: str = "matcher.dead-letters",
    headers: Mapping[str, Any] | None = None,
    **changes: object,
) -> RawMessage:
    """Return a dead letter as the broker delivers it."""
    body = event if isinstance(event, bytes) else orjson.dumps(event)
    told = headers if headers is not None else headers_of(event if isinstance(event, dict) else {}, at, **changes)
    return RawMessage(
        body=body,
        headers=told,
        message_id=id,
        exchange="dead-letters",
        routing_key=queue.partition(".")[0],
        queue=queue,
        offset=None,
        redelivered=False,
        timestamp=None,
    )


@dataclass
class FakeFailures:
    """Failures in memory, with what their groups count."""

    all: dict[str, Failure] = field(default_factory=dict)
    seen: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    states: defaultdict[tuple[str, State], int] = field(default_factory=lambda: defaultdict(int))
    tallied: list[GroupDelta] = field(default_factory=list)

    async def get(self, id: str) -> Failure | None:
        return self.all.get(id)

    async def many(self, ids: Sequence[str]) -> Mapping[str, Failure]:
        return {id_: self.all[id_] for id_ in ids if id_ in self.all}

    async def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        return await self.many(ids)

    async def search(
        self, criteria: Criteria, words: Sequence[str], *, after: Place | None = None, limit: int
    ) -> Sequence[Summary]:
        found = [
            each
            for each in self.all.values()
            if set(words) <= set(each.words or ())
            and criteria.group in {None, each.group}
            and (not criteria.states or each.state in criteria.states)
            and (criteria.until is None or each.last_seen < criteria.until)
        ]
        return sorted(found, key=lambda each: (each.last_seen, each.id), reverse=True)[:limit]

    async def of_event(self, event_id: str) -> Sequence[Summary]:
        return [each for each in self.all.values() if each.event_id == event_id]

    async def around(self, event_id: str, caused_by: str, limit: int) -> Sequence[Summary]:
        named = {event_id, caused_by} - {""}
        found = [each for each in self.all.values() if named & {each.event_id, each.caused_by}]
        return sorted(found, key=lambda each: (each.last_seen, each.id), reverse=True)[:limit]

    async def settled_before(self, moment: datetime, limit: int) -> Sequence[Summary]:
        settled = ((each, each.resolved_at or (each.discarded and each.discarded.at)) for each in self.all.values())
        return [each for each, at in settled if at and at < moment][:limit]

    async def put_away_before(self, moment: datetime, limit: int) -> Sequence[Failure]:
        return [
            each
            for each in self.all.values()
            if each.discarded and each.discarded.at < moment and each.body is not None
        ][:limit]

    def moved(self, moves: Sequence[Move], letters: Iterable[Letter] = ()) -> Sequence[Change]:
        real = [(before, after) for before, after in moves if before != after]
        counted = tallies(letters, real)
        return [FakeChange(lambda: self._check(real), lambda: self._apply(real, counted))]

    def _check(self, moves: Sequence[Move]) -> None:
        for before, after in moves:
            (either, *_) = filter(None, (before, after))
            present = self.all.get(either.id)
            if (present.version if present else None) != (before.version if before else None):
                raise ConflictError

    def _apply(self, moves: Sequence[Move], counted: Sequence[GroupDelta]) -> None:
        for before, after in moves:
            if after is None:
                assert before is not None
                del self.all[before.id]
            else:
                present = self.all[after.id].model_dump() if before else {}
                told = after.model_dump(exclude_none=False) | {"version": after.version + 1}
                if told.get("words") is None:
                    told["words"] = present.get("words", ())
                self.all[after.id] = Failure.model_validate(present | told)
        self.tallied += counted
        for tally in counted:
            self.seen[tally.id] += tally.seen
            for state, by in tally.states.items():
                self.states[tally.id, state] += by

    @property
    def counts(self) -> dict[tuple[str, State], int]:
        """How many failures of each group are in each state."""
        return {key: count for key, count in self.states.items() if count}


@dataclass
class FakeGroups:
    """Groups in memory."""

    stored: dict[str, FailureGroup] = field(default_factory=dict)

    async def get(self, id: str) -> FailureGroup | None:
        return self.stored.get(id)

    async def page(
        self,
        *,
        service: str | None = None,
        event_type: str | None = None,
        state: State | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[FailureGroup]:
        return list(self.stored.values())[:limit]

    async def all(self) -> Sequence[FailureGroup]:
        return list(self.stored.values())

    def note(self, group: FailureGroup, note: Note) -> Sequence[Change]:
        def add() -> None:
            noted = {"notes": (*group.notes, note), "version": group.version + 1}
            self.stored[group.id] = self.stored[group.id].model_copy(update=noted)

        return (FakeChange(lambda: None, add),)

    async def compact(self) -> Sequence[Change]:
        return ()

    def forget_hours(self, id: str, hours: Sequence[str]) -> Change:
        def forget() -> None:
            group = self.stored[id]
            kept = {hour: count for hour, count in group.hourly.items() if hour not in hours}
            self.stored[id] = group.model_copy(update={"hourly": kept})

        return FakeChange(lambda: None, forget)

    def remove(self, group: FailureGroup) -> Change:
        return FakeChange(lambda: None, lambda: self.stored.__delitem__(group.id))


@dataclass
class FakeAudit:
    """The record in memory."""

    clock: FakeClock
    entries: list[AuditEntry] = field(default_factory=list)
    end: AuditHead = field(default_factory=AuditHead)

    async def entry(
        self, *, by: str, action: str, target: str, reason: str = "", details: Mapping[str, Detail] | None = None
    ) -> Sequence[Change]:
        act = Act(by=by, action=action, target=target, reason=reason, details=details or {})
        entry, head = follow(self.end, act, self.clock())

        def check() -> None:
            if self.end.number != entry.number - 1:
                raise ConflictError

        def add() -> None:
            self.entries.append(entry)
            self.end = head

        return (FakeChange(check, add),)

    async def head(self) -> AuditHead:
        return self.end

    async def get(self, number: int) -> AuditEntry | None:
        return next((entry for entry in self.entries if entry.number == number), None)

    async def page(self, asked: AuditQuery, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        return [e for e in reversed(self.entries) if asked.meets(e) and (before is None or e.number < before)][:limit]

    async def after(self, number: int, limit: int) -> Sequence[AuditEntry]:
        return [entry for entry in self.entries if number < entry.number <= number + limit]


@dataclass
class FakeErased:
    """The cases that were erased, in memory."""

    cases: set[str] = field(default_factory=set)

    async def among(self, cases: Collection[str]) -> frozenset[str]:
        return frozenset(self.cases & set(cases))

    async def unsettled(self, before: datetime, limit: int) -> Sequence[ErasedCase]:
        return ()

    def save(self, case: ErasedCase) -> Change:
        return FakeChange(lambda: None, lambda: self.cases.add(case.id))


@dataclass
class FakeFates:
    """Replays that only remember what they were told."""

    noted: list[Fate] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def items(self, ids: Iterable[str]) -> Known:
        return {}

    def forget(self, failures: Sequence[str]) -> Sequence[Change]:
        self.forgotten += failures
        return ()

    def met(self, fates: Iterable[Fate], known: Known) -> Sequence[Change]:
        del known
        return (FakeChange(lambda: None, lambda: self.noted.extend(fates)),)


def later(minutes: float) -> datetime:
    """Return a moment after noon."""
    return NOON + timedelta(minutes=minutes)
