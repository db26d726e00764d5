"""The audit: was anything lost, did anything happen twice. Compares what the stores and the trail say of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from bus.topology import Topology
from tests.load.evidence import Evidence, Told

KeyT = TypeVar("KeyT")

FINAL = frozenset({"approved", "rejected"})
DECIDED = frozenset({"applications.application-approved.v1", "applications.application-rejected.v1"})
REQUESTS = {
    "applications.field-check-requested.v1": "field-check",
    "applications.decision-requested.v1": "decision",
}
MATCH_FAILED = "matcher.match-failed.v2"
REVIEW_APPROVED = "review-dispatch.review-approved.v1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, a line for each; and how many things of which kind were compared."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    compared: dict[str, int]


def audit(evidence: Evidence, submitted: frozenset[str], topology: Topology) -> Verdict:
    """Compare everything about the submitted applications, and every inbox with every event."""
    told = list({event.id: event for event in evidence.told}.values())  # repeated by the relay is not happened twice
    ours = [event for event in told if event.case in submitted]
    lost = [
        *_undecided(evidence, submitted),
        *_unheard(evidence, told, topology),
        *_missing(_expected_tasks(ours), evidence.tasks, "task"),
        *_missing(_expected_grants(evidence), evidence.grants, "granted credential"),
        *_missing(_expected_reviewed(_newest(ours, evidence)), evidence.reviewed, "approved credential"),
        *(f"{name}: {count} left" for name, count in evidence.left.items()),
    ]
    doubled = [
        *_twice(Counter(event.case for event in ours if event.type in DECIDED), "decision of"),
        *_excess(_expected_tasks(ours), evidence.tasks, "task"),
        *_excess(_expected_grants(evidence), evidence.grants, "granted credential"),
        *_excess(_expected_reviewed(ours), evidence.reviewed, "approved credential"),
    ]
    compared = {
        "applications": len(submitted),
        "events": len(told),
        "handled": sum(len(ids) for ids in evidence.inboxes.values()),
        "tasks": evidence.tasks.total(),
        "credentials": evidence.grants.total() + evidence.reviewed.total(),
    }
    return Verdict(tuple(lost), tuple(doubled), compared)


def _undecided(evidence: Evidence, submitted: frozenset[str]) -> Iterator[str]:
    for application_id in sorted(submitted):
        application = evidence.applications.get(application_id)
        if application is None:
            yield f"{application_id}: not in the store"
        elif application["state"] not in FINAL:
            yield f"{application_id}: still {application['state']}"
        elif application_id not in evidence.decisions:
            yield f"{application_id}: {application['state']}, but without a record of its decision"


def _unheard(evidence: Evidence, told: list[Told], topology: Topology) -> Iterator[str]:
    """Every event must be in the inbox of every service that acts on it."""
    for event in told:
        for service in _listeners(event.type, topology):
            if event.id not in evidence.inboxes[service]:
                yield f"{event.type} {event.id}: not handled by {service}"


def _listeners(event_type: str, topology: Topology) -> tuple[str, ...]:
    anybodys = "*." + event_type.partition(".")[2]
    return topology.subscriptions.get(event_type) or topology.subscriptions.get(anybodys, ())


def _expected_tasks(told: list[Told]) -> Counter[tuple[str, str, str, int]]:
    """One for each failed requirement that people may look at, each door and each decision that was asked for."""
    keys = {(e.case, "review", *review) for e in told if e.type == MATCH_FAILED for review in e.reviews}
    return Counter(keys | {(e.case, REQUESTS[e.type], "", 1) for e in told if e.type in REQUESTS})


def _expected_grants(evidence: Evidence) -> Counter[str]:
    return Counter(id_ for id_, application in evidence.applications.items() if application.get("granted"))


def _expected_reviewed(told: list[Told]) -> Counter[str]:
    return Counter(event.case for event in told if event.type == REVIEW_APPROVED)


def _newest(told: list[Told], evidence: Evidence) -> list[Told]:
    """Leave out approvals of documents about which a newer word was heard first: one document, one credential."""
    return [event for event in told if event.at is None or event.at >= evidence.latest.get(event.document, event.at)]


def _missing(expected: Counter[KeyT], there: Counter[KeyT], what: str) -> Iterator[str]:
    for key, count in (expected - there).items():
        yield f"{what} {key}: {count} missing"


def _excess(expected: Counter[KeyT], there: Counter[KeyT], what: str) -> Iterator[str]:
    for key, count in (there - expected).items():
        yield f"{what} {key}: {count} too many"


def _twice(counts: Counter[str], what: str) -> Iterator[str]:
    return (f"{what} {key}: {count} times" for key, count in counts.items() if count > 1)
