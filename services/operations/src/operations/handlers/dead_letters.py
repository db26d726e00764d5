"""Taking in dead letters: a batch becomes failures, counted once, in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from bus.batch_consumer import RawMessage
from bus.event import Outcome
from bus.event_encryption import EventCipher
from bus.failures import with_details
from operations.domain import event_masks, tokens
from operations.domain import failure as states
from operations.domain.erased import put_away
from operations.domain.failure import Failure
from operations.domain.group import Move
from operations.domain.items import FailedAgain, Fate
from operations.domain.letter import Header, Letter
from operations.handlers.dependencies import Deps
from operations.handlers.retention import BY

GIVEN_UP_BY_BROKER = "delivery-limit"
"""The reason of letters that the broker itself gave up: it knows nothing of services, events and handlers."""

_DEAD_LETTERS = ".dead-letters"
_OWN_FIELDS = {"x-stack"}
_LONGEST_HEADER = 2_000
_LONGEST_NAME = 255
_MOST_ATTEMPTS = 1_000_000


async def take(batch: Sequence[RawMessage], deps: Deps) -> Outcome[None]:
    """Keep a batch of dead letters. What was kept before changes nothing, however often it is delivered again."""
    letters = [letter_of(raw, deps.clock(), deps.cipher) for raw in batch]
    known = await deps.failures.many(tuple({letter.failure for letter in letters}))
    failures: dict[str, Failure] = {}
    new: list[Letter] = []
    for letter in letters:
        before = failures.get(letter.failure) or known.get(letter.failure)
        if before is None or letter.occurrence not in before.occurrences:
            clean, words = _cleaned(letter, deps)
            failures[letter.failure] = states.again(before, clean, words) if before else states.first(clean, words)
            new.append(clean)
    await _erase(failures, deps)
    links = await _link(new, failures, deps)
    moves = [*((known.get(id_), after) for id_, after in failures.items()), *links]
    fates = [Fate(letter.replay, "failed", letter.at, _again(letter)) for letter in new if letter.replay]
    items = await deps.replays.items({fate.item for fate in fates}) if fates else {}
    return Outcome(changes=[*deps.failures.moved(moves, new), *deps.replays.met(fates, items)])


def letter_of(raw: RawMessage, now: datetime, cipher: EventCipher) -> Letter:
    """Read a dead letter, as far as it can be read: from its headers, else from the event in it."""
    event = _event_in(raw.body)
    service = raw.queue.removesuffix(_DEAD_LETTERS)
    told = with_details(raw.headers, service, cipher)
    headers = {name: _plain(value) for name, value in told.items() if name not in _OWN_FIELDS}
    by_us = "x-reason" in headers
    named = _text(headers, "x-event-type")
    return Letter(
        occurrence=raw.message_id or sha256(orjson.dumps(headers, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        service=service,
        body=raw.body,
        headers=headers,
        event_id=_text(event, "id") or _text(headers, "x-event-id"),
        event_type=named if "." in named else _text(event, "type") or named,
        case=_text(headers, "x-case") or _text(event, "correlationid"),
        source=_text(event, "source"),
        reason=_text(headers, "x-reason") if by_us else GIVEN_UP_BY_BROKER,
        handler=_text(headers, "x-handler"),
        path=_text(headers, "x-path", _LONGEST_HEADER),
        rule=_text(headers, "x-rule", _LONGEST_HEADER),
        exception=_text(headers, "x-exception"),
        frame=_text(headers, "x-frame"),
        message=_text(headers, "x-message", _LONGEST_HEADER),
        stack=str(told.get("x-stack") or ""),
        attempts=_attempts(headers),
        at=_moment(headers) or now,
        replay=_text(headers, "x-replay") or None,
        replaces=_text(event, "replaces") or None,
        caused_by=_text(event, "causationid"),
    )


def _cleaned(letter: Letter, deps: Deps) -> tuple[Letter, Sequence[str]]:
    """Return a letter without what is personal, and the words by which its failure is found."""
    event, is_json = event_masks.read(deps.cipher.decrypted_body(letter.body))
    found = event_masks.leaves(event, deps.contracts) if is_json else []
    return letter.without(event_masks.personal_texts(found)), tokens.words_of(letter, found, deps.words_key)


def _again(letter: Letter) -> FailedAgain:
    return FailedAgain(failure=letter.failure, cause=letter.cause, message=letter.message)


async def _erase(failures: dict[str, Failure], deps: Deps) -> None:
    """Keep no message of a case that was erased: one that comes late is put away as it comes."""
    erased = await deps.erased.among({each.case for each in failures.values()})
    late = {id_: put_away(each, BY, deps.clock()) for id_, each in failures.items() if each.case in erased}
    failures.update(late)


async def _link(new: Sequence[Letter], failures: dict[str, Failure], deps: Deps) -> Sequence[Move]:
    """Link the failures of events that were edited to those of the events that replace them."""
    links: dict[str, Move] = {}
    for letter in new:
        if letter.replaces is None:
            continue
        link = {"replaced_by": letter.failure}
        for id_, failure in failures.items():
            if (failure.service, failure.event_id) == (letter.service, letter.replaces):
                failures[id_] = failure.model_copy(update=link)
        for original in await deps.failures.of_event(letter.replaces):
            if original.service == letter.service and original.id not in failures:
                links[original.id] = (original, original.model_copy(update=link))
    return tuple(links.values())


def _event_in(body: bytes) -> Mapping[str, Any]:
    event, _ = event_masks.read(body)
    return event if isinstance(event, dict) else {}


def _plain(value: object) -> Header:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")[:_LONGEST_HEADER]
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text[:_LONGEST_HEADER]


def _text(values: Mapping[str, Any], name: str, longest: int = _LONGEST_NAME) -> str:
    value = values.get(name)
    return value[:longest] if isinstance(value, str) else ""


def _attempts(headers: Mapping[str, Header]) -> int:
    value = headers.get("x-attempts")
    return value if isinstance(value, int) and 0 <= value < _MOST_ATTEMPTS else 0


def _moment(headers: Mapping[str, Header]) -> datetime | None:
    """Read when it was given up, to the millisecond, as the store keeps it."""
    try:
        moment = datetime.fromisoformat(_text(headers, "x-failed-at")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
