"""Recording: every message of the bus goes into the trail, whatever it is, and old ones leave it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import structlog

from bus import metrics
from bus.batch_consumer import RawMessage
from bus.envelope import MAX_BYTES, BrokenMessageError, decode_event
from bus.event import Outcome
from bus.signatures import NOT_SIGNED, EventKeys
from operations.domain.trail import Recorded, TrailReading, place_of
from operations.handlers import gauges
from operations.handlers.dependencies import Deps
from operations.store.trail import TrailStore
from runtime.clock import Clock

log = structlog.get_logger()

OLDEST_BELIEVED = timedelta(days=8)
"""The stream keeps a week: an event that says it is older was published later than it says."""
_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_TEXT = 255
_SLICE = 2_000
_MOST_SLICES = 100


class TrailPlaces:
    """Gives places in the trail, each after all others, to whatever streams are read beside each other."""

    def __init__(self) -> None:
        self._last = 0

    def begin_after(self, place: int) -> None:
        """Give no place up to this one any more."""
        self._last = max(self._last, place)

    def next(self, time: datetime, now: datetime) -> int:
        """Give a place as near to the event's own time as the order allows."""
        self._last = max(self._last + 1, place_of(min(time, now)))
        return self._last


class TrailRecorder:
    """Records one stream. How far it has read is stored after what it read, every `keep_every` seconds.

    What is read again after a crash is in the trail already, under the same ids.
    """

    def __init__(
        self,
        trail: TrailStore,
        clock: Clock,
        *,
        keys: EventKeys,
        stream: str,
        body_at: Callable[[int], Awaitable[bytes | None]],
        places: TrailPlaces | None = None,
        keep_every: float = 1.0,
    ) -> None:
        self._trail = trail
        self._clock = clock
        self._keys = keys
        self._stream = stream
        self._body_at = body_at
        self._keep_every = timedelta(seconds=keep_every)
        self._places = places or TrailPlaces()
        self._kept_at = datetime.min.replace(tzinfo=UTC)

    async def start(self) -> int | None:
        """Return the offset to read from, or None for the first: also when it is another stream than before.

        One that was deleted and declared anew counts from 0 again: then another message stands where it stopped, or
        none. So it does when the stream has dropped that message, and then its first one is right too.
        """
        self._places.begin_after(await self._trail.last_place())
        self._kept_at = datetime.min.replace(tzinfo=UTC)
        reading = await self._trail.reading(self._stream)
        if reading is None:
            return None
        body = await self._body_at(reading.offset)
        is_known = body is not None and sha256(body).hexdigest() == reading.digest
        return reading.offset + 1 if is_known else None

    async def take(self, batch: Sequence[RawMessage]) -> None:
        """Keep a batch, and then how far that was."""
        now = self._clock()
        entries = [self._entry(raw, now) for raw in batch]
        await self._trail.record(entries)
        gauges.arrived(entries[-1].time, self._clock())
        offset = batch[-1].offset
        if offset is not None and now - self._kept_at >= self._keep_every:
            await self._trail.keep_reading(self._stream, TrailReading(offset, entries[-1].digest))
            self._kept_at = now

    def _entry(self, raw: RawMessage, now: datetime) -> Recorded:
        digest = sha256(raw.body).hexdigest()
        try:
            event = decode_event(raw.body)
            self._keys.check(raw.body, event)
        except BrokenMessageError as error:
            if error.reason == NOT_SIGNED:
                metrics.FORGED.labels(self._stream, NOT_SIGNED).inc()
            return self._broken(raw, now, digest, error)
        time = _believed(event.time, now)
        genuine = raw.routing_key == event.type or raw.routing_key.startswith(f"{event.type}.")
        return Recorded(
            id=event.id,
            type=event.type,
            source=event.source,
            case=event.case,
            time=time,
            place=self._places.next(time, now),
            cause=event.cause,
            publisher=raw.routing_key.partition(".")[0],
            routing_key=raw.routing_key,
            body=raw.body,
            digest=digest,
            fault="" if genuine else "wrong-routing-key",
        )

    def _broken(self, raw: RawMessage, now: datetime, digest: str, error: BrokenMessageError) -> Recorded:
        """Keep what is no event, or nobody's, under an id of its own, with what little it says."""
        said = _as_far_as_readable(raw.body)
        return Recorded(
            id=f"m{digest[:31]}",
            type=_text(said, "type") or raw.routing_key,
            source=_text(said, "source"),
            case=_text(said, "correlationid"),
            time=now,
            place=self._places.next(now, now),
            cause=_text(said, "causationid") or None,
            publisher=raw.routing_key.partition(".")[0],
            routing_key=raw.routing_key,
            body=raw.body[:MAX_BYTES],
            digest=digest,
            fault=error.reason,
        )


async def forget(deps: Deps) -> Sequence[Outcome[Any]]:
    """Remove what is older than it is to be kept, a slice at a time; what is left over goes the next time."""
    before = place_of(deps.clock() - timedelta(days=deps.settings.trail_days))
    removed = 0
    for _ in range(_MOST_SLICES):
        gone = await deps.trail.forget(before, _SLICE)
        removed += gone
        if gone < _SLICE:
            break
    if removed:
        log.info("trail_forgotten", events=removed, days=deps.settings.trail_days)
    return ()


def _believed(time: datetime, now: datetime) -> datetime:
    return time.astimezone(UTC) if now - OLDEST_BELIEVED <= time <= now + _CLOCKS_DIFFER else now


def _as_far_as_readable(body: bytes) -> dict[str, object]:
    if len(body) > MAX_BYTES:
        return {}
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def _text(event: dict[str, object], name: str) -> str:
    value = event.get(name)
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
