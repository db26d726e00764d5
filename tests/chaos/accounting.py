"""The account at the end, in the words of RabbitMQ's Jepsen suite: what was attempted, and what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from tests.load.audit import Verdict
from tests.load.evidence import UNRESOLVED, Told

REGISTERED = "identity.id-registered.v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """What people asked for, of one kind: how often, and the ids of those of which they were told that it is done."""

    attempted: int
    acknowledged: Collection[str]


class Account(BaseModel):
    """What became of what was asked for. `recovered`: done, although nobody was told. `unexpected`: nobody asked."""

    model_config = ConfigDict(frozen=True)
    attempted: int
    acknowledged: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    recovered: int
    dead_letters: int

    @property
    def ok(self) -> bool:
        """Whether nothing is lost, nothing doubled and nothing there that nobody asked for."""
        return bool(self.acknowledged) and not (self.lost or self.doubled or self.unexpected)


def account(
    asked: Mapping[str, tuple[Asked, Collection[str]]], verdict: Verdict, told: Iterable[Told], left: Mapping[str, int]
) -> Account:
    """Draw up the account. `asked` gives for each kind what was asked for, and the ids that are there.

    `verdict` is the audit of the submitted applications, `told` the trail, `left` what lies in queues.
    """
    lost, unexpected, recovered = list(verdict.lost), [], 0
    for kind, (wanted, there) in asked.items():
        acknowledged, found = set(wanted.acknowledged), set(there)
        lost += [f"{kind} {id_}: acknowledged, but not there" for id_ in sorted(acknowledged - found)]
        more = sorted(found - acknowledged)
        unanswered = wanted.attempted - len(acknowledged)
        recovered += min(len(more), unanswered)
        unexpected += [f"{kind} {id_}: nobody asked for it" for id_ in more[unanswered:]]
    return Account(
        attempted=sum(wanted.attempted for wanted, _ in asked.values()),
        acknowledged=sum(len(wanted.acknowledged) for wanted, _ in asked.values()),
        lost=tuple(lost),
        doubled=(*verdict.doubled, *_registered_twice(told)),
        unexpected=tuple(unexpected),
        recovered=recovered,
        dead_letters=sum(count for name, count in left.items() if name == UNRESOLVED or "dead-letters" in name),
    )


def _registered_twice(told: Iterable[Told]) -> list[str]:
    ids = {event.id: event.case for event in told if event.type == REGISTERED}
    return [f"registration {case}: {count} times" for case, count in Counter(ids.values()).items() if count > 1]
