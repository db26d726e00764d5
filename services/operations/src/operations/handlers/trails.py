"""The trail: one case read in order, the newest events in pages, and what one service is to hear again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.event import Outcome
from bus.topology import Topology
from operations.domain import event_masks
from operations.domain import failure as states
from operations.domain.actors import facts_of, who_acted
from operations.domain.audit import AuditEntry, AuditQuery
from operations.domain.failure import Summary
from operations.domain.search import Criteria
from operations.domain.trail import OPERATORS, Actor, CaseTrail, Recorded, TrailStep, place_of, placed
from operations.domain.trail_words import TrailWords
from operations.handlers import failures
from operations.handlers.access_events import unmasked
from operations.handlers.dependencies import Deps
from runtime.errors import NotFound, Refusal
from runtime.texts import Texts

MOST_EVENTS = 2_000
"""Events of one case that are read at once; there is more to be read from the last one's time on."""
_MOST_FAILURES = 100
_MOST_ACTIONS = 100
_MOST_EDITS = 20
_END = 2**62


@dataclass(frozen=True, slots=True)
class Sought:
    """Which events a list is of; times are those of arrival, `until` excluded."""

    since: datetime | None = None
    until: datetime | None = None
    type: str | None = None
    publisher: str | None = None

    @property
    def first(self) -> int:
        """The place from which on."""
        return place_of(self.since) if self.since else 0

    @property
    def last(self) -> int:
        """The place before which."""
        return place_of(self.until) if self.until else _END

    @property
    def fields(self) -> dict[str, str]:
        """The values that are asked for."""
        wanted = {"type": self.type, "publisher": self.publisher}
        return {name: value for name, value in wanted.items() if value is not None}


async def read(case: str, deps: Deps, since: datetime | None = None) -> CaseTrail:
    """Return everything about a case in order of cause and time, masked. Raises NotFound when there is nothing."""
    return await _read(case, since, deps, in_clear=False)


async def disclose(case: str, reason: str | None, by: str, deps: Deps) -> Outcome[CaseTrail]:
    """Return the same in clear to an operator who says why; it is recorded. Raises Refusal, NotFound."""
    why = states.stated(reason)
    trail = await _read(case, None, deps, in_clear=True)
    entry = await deps.audit.entry(by=by, action="trail-disclosed", target=case, reason=why)
    told = unmasked([placed.step.data for placed in trail.steps if placed.step.kind == "event"], by, why, deps)
    return Outcome(changes=entry, accesses=told, case=case, result=trail)


async def newest(sought: Sought, before: int | None, limit: int, deps: Deps) -> Sequence[Recorded]:
    """Return a page of events, the latest arrival first, and one more to tell whether there is a next page."""
    last = sought.last if before is None else min(before, sought.last)
    return await deps.trail.newest(sought.fields, sought.first, last, limit + 1)


async def select(
    service: str, since: datetime, until: datetime, types: Collection[str], deps: Deps
) -> AsyncIterator[tuple[str, bytes, str]]:
    """Yield id, body and case of what the topology brings to a service, in order of arrival.

    From `since` to before `until`; of these types, or of all when none are named. What is no sound event is left out:
    it was never handled. Raises Refusal for a service that acts on nothing, or not on one of these types.
    """
    keys = frozenset(deps.topology.keys_of(service))
    if not keys:
        raise Refusal("service-unknown", field="service", service=service)
    for type_ in types:
        if not _is_among(type_, keys):
            raise Refusal("type-not-acted-on", field="types", service=service, type=type_)
    async for entry in deps.trail.between(place_of(since), place_of(until)):
        if not entry.fault and _is_among(entry.routing_key, keys) and (not types or entry.type in types):
            yield entry.id, entry.body, entry.case


def wording(language: str, deps: Deps) -> TrailWords:
    """Return the words in which a trail is told."""
    names = {code: each.names.get(language, code) for code, each in deps.topology.departments.items()}
    return TrailWords(Texts.of("operations"), language, names)


def acting_on(routing_key: str, topology: Topology) -> tuple[str, ...]:
    """Return who gets what is published under a routing key: services, or the department system that it is for."""
    words = routing_key.split(".")
    services = {
        service for key in (routing_key, _by_anybody(routing_key)) for service in topology.subscriptions.get(key, ())
    }
    addressee = words[3:4] if len(words) > 3 and words[3] in topology.departments else []  # noqa: PLR2004 - 3 words name an event
    return (*sorted(services), *addressee)


async def _read(case: str, since: datetime | None, deps: Deps, *, in_clear: bool) -> CaseTrail:
    first = place_of(since) if since else 0
    recorded, failed = await asyncio.gather(
        deps.trail.of_case(case, first, MOST_EVENTS + 1),
        failures.search(Criteria(case=case), None, _MOST_FAILURES, deps) if case else _none(),
    )
    complete = len(recorded) <= MOST_EVENTS and len(failed) <= _MOST_FAILURES
    shown = [*recorded[:MOST_EVENTS]]
    acted = await _actions(case, failed, deps)
    steps = [
        *(_event(entry, deps, in_clear=in_clear) for entry in shown),
        *(_failure(each) for each in failed),
        *(_action(entry, failed) for entry in acted),
    ]
    if not steps:
        raise NotFound("case-unknown", case=case)
    known = {step.id for step in steps}
    elsewhere = await deps.trail.named([step.cause for step in steps if step.cause and step.cause not in known])
    return placed(case, steps, elsewhere, complete=complete)


async def _none() -> Sequence[Summary]:
    return ()


async def _actions(case: str, failed: Sequence[Summary], deps: Deps) -> list[AuditEntry]:
    """Return what operators did about a case: to its trail, its dead letters, and the replays and edits of these."""
    edits = await asyncio.gather(
        *(deps.edits.page(state=None, failure=failure.id, before=None, limit=_MOST_EDITS) for failure in failed)
    )
    replays = {failure.replay for failure in failed if failure.replay}
    targets = [
        case,
        *(failure.id for failure in failed),
        *sorted(replays),
        *(edit.id for page in edits for edit in page),
    ]
    pages = await asyncio.gather(
        *(deps.audit.page(AuditQuery(target=target), before=None, limit=_MOST_ACTIONS) for target in targets)
    )
    return [entry for page in pages for entry in page]


def _event(entry: Recorded, deps: Deps, *, in_clear: bool) -> TrailStep:
    body = deps.cipher.decrypted_body(entry.body)
    event = event_masks.read(body)[0] if in_clear else event_masks.mask(body, deps.contracts).content
    data = event.get("data") if isinstance(event, dict) else None
    services = deps.topology.services
    return TrailStep(
        id=entry.id,
        kind="event",
        name=entry.type,
        time=entry.time,
        lane=entry.publisher,
        actor=who_acted(entry.publisher, entry.type, data, services),
        cause=entry.cause,
        to=acting_on(entry.routing_key, deps.topology),
        facts=facts_of(data, event_masks.MASK),
        data=data,
        fault=entry.fault,
    )


def _failure(failure: Summary) -> TrailStep:
    """Tell of a dead letter without its message, which may quote what is personal."""
    where = (failure.exception, failure.frame, failure.path)
    cause = " · ".join(part for part in where if part)
    facts = {"cause": cause, "seen": str(failure.seen), "state": failure.state, "event_id": failure.event_id}
    return TrailStep(
        id=failure.id,
        kind="failure",
        name=failure.reason,
        time=failure.first_seen,
        lane=failure.service,
        actor=Actor("automatic", failure.service),
        cause=failure.event_id or None,
        facts={name: text for name, text in facts.items() if text},
    )


def _action(entry: AuditEntry, failed: Sequence[Summary]) -> TrailStep:
    """Tell of an operator's action; its cause is the dead letter that it is about."""
    named = {entry.target, entry.details.get("failure")}  # an edit's entries name the failure that it is of
    about = [each for each in failed if named & {each.id, each.replay}]
    return TrailStep(
        id=entry.id,
        kind="action",
        name=entry.action,
        time=entry.at,
        lane=OPERATORS,
        actor=Actor("operator", entry.by),
        cause=about[0].id if about else None,
        to=tuple(sorted({each.service for each in about})),
        facts={name: text for name, text in (("target", entry.target), ("why", entry.reason)) if text},
    )


def _is_among(routing_key: str, keys: Collection[str]) -> bool:
    return routing_key in keys or _by_anybody(routing_key) in keys


def _by_anybody(routing_key: str) -> str:
    return "*." + routing_key.partition(".")[2]
