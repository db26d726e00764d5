"""Taking in a handed-over file, a batch of lines at a time, by the same handlers that hear a department's events.

A batch's credentials, events, refused lines and progress are one outcome: whatever is killed when, each line is taken
in once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from bus.envelope import BrokenMessageError, Envelope
from bus.event import Change, Event, Outcome, Received
from bus.reader import Subscription
from credential_store.domain import lines
from credential_store.domain.column_map import LineError
from credential_store.domain.credential import Credential
from credential_store.domain.hand_over import HandOver, RefusedLine
from credential_store.domain.held_credentials import HeldCredentials
from credential_store.domain.identifiers import Ids
from credential_store.domain.lines import FileLine, LineWindow
from credential_store.handlers import duplicates
from credential_store.handlers.ahead import NOTED, Ahead, HoldingsAhead
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.identity import ID_CARD
from records.parts import has_number
from records.persons import by_index
from runtime.clock import today

BATCH = 500
"""Lines that are committed together."""
_BREATH = 25
"""Lines after which others get their turn."""
_LONGEST_RUN = 20
"""Batches after which it is looked for files that have come meanwhile."""

SavedT = TypeVar("SavedT", Credential, HandOver, HeldCredentials)

Subscriptions = Mapping[str, Subscription[Deps]]
"""By pattern; a line goes the way of the event whose data it is."""


async def take_in(
    deps: Deps, subscriptions: Subscriptions, ends: date | None = None
) -> AsyncGenerator[Sequence[Outcome[None]], None]:
    """Take in what is handed over, batch after batch, the file that has waited longest first.

    `ends` is the last day on which lines may name their holder by the blind index.
    Each batch is decided as if the one before it were stored already: its credentials and its file are carried over.
    """
    kept = await deps.hand_overs.kept()
    for ended in kept:
        if ended.state in {"done", "cancelled"}:
            yield [await _forget(ended, deps)]
    running = {each.id: each for each in kept if each.state == "running"}
    before: Mapping[str, Credential] = {}
    listed: Mapping[tuple[str, str], HeldCredentials] = {}
    for _ in range(_LONGEST_RUN):
        if not running:
            return
        longest_waiting = min(running.values(), key=lambda each: each.moved_at)
        batch = _Batch(longest_waiting, before, listed, deps, subscriptions, ends)
        yield await batch.decide()
        del running[longest_waiting.id]
        if batch.after.state == "running":
            running[longest_waiting.id] = _as_stored(batch.after)
        before = {id_: _as_stored(credential) for id_, credential in batch.changed.items()}
        listed = {key: _as_stored(holding) for key, holding in batch.listed.items()}


def _as_stored(saved: SavedT) -> SavedT:
    return saved.model_copy(update={"version": saved.version + 1})


async def _forget(ended: HandOver, deps: Deps) -> Outcome[None]:
    """Remove the content of what has ended: it is about people, and needed no longer."""
    await deps.files.remove(ended.received.file)
    return Outcome(changes=[deps.hand_overs.save(ended.model_copy(update={"is_kept": False}))])


def _lines(window: LineWindow, hand_over: HandOver) -> Iterator[FileLine]:
    if hand_over.mapping is None:
        return lines.json_lines(window)
    return lines.csv_rows(window, hand_over.mapping, len(hand_over.received.columns))


def _blank(taken: Sequence[FileLine]) -> int:
    return sum(line.said is None for line in taken)


def _headers(taken: Sequence[FileLine]) -> int:
    """Return how many lines at a file's beginning are its header, with the blank ones before it."""
    return next((at for at, line in enumerate(taken, 1) if line.said is not None), len(taken))


def _progress(window: LineWindow, taken: Sequence[FileLine]) -> dict[str, int | bool]:
    """Say how far these lines lead; none of them: the window was the rest of a line that is too long, or blank."""
    if taken:
        return {"offset": taken[-1].end, "lines": taken[-1].last, "inside": taken[-1].goes_on}
    return {"offset": window.offset + len(window.content), "inside": window.inside}


class _Batch:
    """The lines that are decided together."""

    def __init__(
        self,
        hand_over: HandOver,
        before: Mapping[str, Credential],
        listed: Mapping[tuple[str, str], HeldCredentials],
        deps: Deps,
        subscriptions: Subscriptions,
        ends: date | None,
    ) -> None:
        self.after = hand_over
        self._hand_over = hand_over
        self._subscriptions = subscriptions
        self._ends = ends
        self._deps = deps
        self._ahead = Ahead(deps.credentials, dict(before))
        self._holdings = HoldingsAhead(deps.holdings, dict(listed))
        self._ours = replace(deps, credentials=self._ahead, holdings=self._holdings)
        self._events: list[tuple[str, Sequence[Event]]] = []
        self._beside: list[Change] = []
        self._refused: list[RefusedLine] = []
        self._stored = self._unchanged = 0
        self._window = LineWindow(b"", 0, 0, is_last=True)

    @property
    def changed(self) -> Mapping[str, Credential]:
        return self._ahead.changed

    @property
    def listed(self) -> Mapping[tuple[str, str], HeldCredentials]:
        """The lists of people's credentials that are to be written."""
        return self._holdings.changed

    async def decide(self) -> Sequence[Outcome[None]]:
        """Decide the next lines of the file; return what is to be committed together."""
        received = self._hand_over.received
        content = await self._deps.files.read(received.file, self._hand_over.offset, lines.WINDOW)
        is_last = self._hand_over.offset + len(content) >= received.size
        window = LineWindow(content, self._hand_over.offset, self._hand_over.lines, is_last, self._hand_over.inside)
        taken = list(islice(_lines(window, self._hand_over), BATCH))
        self._window = window
        await self._take(taken[_headers(taken) if self._begins_with_header else 0 :])
        self.after = self._moved({**_progress(window, taken), "blank": self._hand_over.blank + _blank(taken)})
        return self._outcomes()

    @property
    def _begins_with_header(self) -> bool:
        return self._hand_over.mapping is not None and self._hand_over.offset == 0

    async def _take(self, taken: Sequence[FileLine]) -> None:
        """Decide the lines one after the other, as if each were an event."""
        records = [self._read(line) for line in taken]
        data = [event.data for event in records if event]
        await self._holdings.read((record.holder_index, record.document_type) for record in data)
        await self._ahead.read(id_ for record in data for id_ in self._ids_of(record))
        await self._ahead.read(
            id_ for each in self._holdings.known.values() for id_ in duplicates.ids_in(each, self._deps)
        )
        new = [record for record in data if not any(self._ahead.known[id_] for id_ in self._own_ids(record))]
        keeper = self._deps.types.codes_of_keeper(self._hand_over.department)
        await self._ahead.ids_of([record.holder_index for record in new], keeper)
        for count, (line, event) in enumerate(zip(taken, records, strict=True)):
            if event is not None:
                await self._hear(line, event)
            if count % _BREATH == 0:
                await asyncio.sleep(0)

    def _own_ids(self, record: Any) -> Ids:  # noqa: ANN401 - a record, published or withdrawn
        return self._deps.ids.of(record.holder_index, record.document_type, record.record_id, record.department)

    def _ids_of(self, record: Any) -> Sequence[str]:  # noqa: ANN401 - as above
        """Return the ids of the credentials that a record's handler will ask for."""
        return [*self._own_ids(record), *self._deps.ids.of(record.holder_index, ID_CARD)]

    def _moved(self, progress: Mapping[str, int | bool]) -> HandOver:
        before = self._hand_over
        return before.moved(
            self._deps.clock(),
            **progress,
            stored=before.stored + self._stored,
            unchanged=before.unchanged + self._unchanged,
            refused=before.refused + len(self._refused),
        )

    def _outcomes(self) -> Sequence[Outcome[None]]:
        changes = [
            *map(self._deps.credentials.save, self.changed.values()),
            *map(self._deps.holdings.save, self.listed.values()),
            *self._beside,
            *map(self._deps.hand_overs.refuse, self._refused),
            self._deps.hand_overs.save(self.after),
        ]
        return [Outcome(changes=changes), *(Outcome(events=events, case=case) for case, events in self._events)]

    def _read(self, line: FileLine) -> Received[Any] | None:
        """Read a line as the event whose data it is; None for a blank one, or one that is refused."""
        if line.said is None:
            return None
        data: object = None
        try:
            data = self._data(line, line.said)
            data = self._by_index(data)
            return self._subscription(data).read(self._envelope(line, data))
        except (BrokenMessageError, LineError) as error:
            self._refuse(line, data, error)
            return None

    async def _hear(self, line: FileLine, event: Received[Any]) -> None:
        try:
            outcome = await self._subscription(event.data).handler(event, self._ours)
        except BrokenMessageError as error:
            self._refuse(line, {"record_id": event.data.record_id}, error)
            return
        self._beside.extend(each for each in outcome.changes if each is not NOTED)
        self._stored += bool(outcome.changes)
        self._unchanged += not outcome.changes
        if outcome.events:
            self._events.append((event.case, outcome.events))

    def _data(self, line: FileLine, said: bytes | Sequence[str] | LineError) -> dict[str, object]:
        hand_over = self._hand_over
        if isinstance(said, LineError):
            raise said
        if isinstance(said, bytes):
            return {"department": hand_over.department, **lines.json_object(said, line.number)}
        row = lines.named(said, hand_over.received.columns)
        return hand_over.mapping.data(row, hand_over.department) if hand_over.mapping else dict(row)

    def _by_index(self, data: dict[str, object]) -> dict[str, object]:
        """Return a line under the blind index of its holder, as an event of the first version would say it."""
        if "number" in data:
            return by_index(data, self._deps.opener.index)
        if self._ends is not None and today(self._deps.clock()) > self._ends:
            raise LineError("index-ended", "/data/holder_index", ended=self._ends.isoformat())
        return data

    def _subscription(self, data: object) -> Subscription[Deps]:
        """Return who hears it: who has a reason and no fields is a withdrawal."""
        is_gone = hasattr(data, "reason") or (isinstance(data, dict) and "reason" in data and "fields" not in data)
        return self._subscriptions[f"*.department-record-{'withdrawn' if is_gone else 'published'}.v1"]

    def _envelope(self, line: FileLine, data: dict[str, object]) -> Envelope:
        hand_over = self._hand_over
        pattern = self._subscription(data).pattern
        return Envelope(
            id=f"{hand_over.id}/{line.number}",
            type=hand_over.department + pattern.removeprefix("*"),
            source=f"/yizheng/{hand_over.department}",
            case=str(data.get("record_id")),
            time=hand_over.received_at,
            data=data,
            cause=None,
            traceparent=None,
        )

    def _refuse(self, line: FileLine, data: object, error: BrokenMessageError | LineError) -> None:
        id_ = self._hand_over.id
        record_id = data.get("record_id") if isinstance(data, dict) else None
        refused = RefusedLine(
            id=f"{id_}/{line.number:010}",
            hand_over=id_,
            line=line.number,
            record_id=record_id[:200] if isinstance(record_id, str) and not has_number(record_id) else None,
            reason=error.reason,
            path=error.path[:500],
            params=dict(error.params),
            written=self._window.between(line.start, line.end) if error.reason != lines.TOO_LONG else b"",
        )
        self._refused.append(refused)
