"""One edit for a whole group of failures: which it fits, frozen; what it changes in each; how each is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bus.envelope import new_event_id
from operations.domain import event_correction
from operations.domain.diff import Diff, compare
from operations.domain.edit import Edit
from operations.domain.event_masks import read
from operations.domain.failure import Failure
from operations.domain.group_edit import (
    Event,
    FieldChange,
    Left,
    Member,
    MisfitError,
    changes_between,
    rewritten,
)
from operations.domain.items import ReplayItem
from operations.domain.search import ChosenFailures
from operations.handlers import failures
from operations.handlers.dependencies import Deps
from operations.handlers.edited_events import is_sound, sealed, signed
from runtime.errors import Refusal, Refusals, TextKey

LARGEST = 1_000
"""Failures of one edit; of a larger group the rest is edited afterwards."""

_AT_ONCE = 50
"""Messages that are in memory at once."""
_OF_ONE_CASE = ("/correlationid", "/causationid")


@dataclass(frozen=True, slots=True)
class MemberShown:
    """One message of a group's edit with the masked difference; without one when its message is gone."""

    n: int
    member: Member
    diff: Diff | None


async def widened(edit: Edit, example: Failure, event: Event, deps: Deps) -> Edit:
    """Return an edit for the whole group: the example first, then each open failure that it fits, the oldest first.

    Raises Refusal for an example that is no JSON object, and for a case that would become that of all.
    """
    original, _ = read(deps.cipher.decrypted_body(example.body or b""))
    if not isinstance(original, dict):
        raise Refusal("group-edit-needs-event", field="body")
    changes = changes_between(original, event)
    if one := next((change.path for change in changes if change.path in _OF_ONE_CASE), None):
        raise Refusal("group-edit-of-one-case", field=one)
    found, has_more = await failures.select(ChosenFailures(group=example.group), deps, most=LARGEST)
    others = [each.id for each in reversed(found) if each.id != example.id]
    members = [Member(failure=example.id, seen=example.seen, event_id=edit.event_id)]
    left: list[Left] = []
    for first in range(0, len(others), _AT_ONCE):
        some = others[first : first + _AT_ONCE]
        present = await deps.failures.many(some)
        for failure in (present[id_] for id_ in some if id_ in present):
            try:
                members.append(_fitted(failure, changes, deps))
            except MisfitError as misfit:
                left.append(_left(failure, misfit))
            await asyncio.sleep(0)  # a message may be a megabyte: other work gets its turn after each
    frozen = {"group": example.group, "changes": changes, "members": tuple(members), "left": tuple(left)}
    return edit.model_copy(update={**frozen, "has_more": has_more})


async def differences_of(edit: Edit, deps: Deps, *, after: int = -1, limit: int) -> Sequence[MemberShown]:
    """Return messages of an edit behind number `after`, each with what is changed in it."""
    wanted = list(enumerate(edit.members))[after + 1 : after + 1 + limit]
    present = await deps.failures.many([member.failure for _, member in wanted])
    return [MemberShown(n, member, _difference(member, present, edit, deps)) for n, member in wanted]


def written(edit: Edit, failure: Failure, item: ReplayItem, deps: Deps) -> bytes | None:
    """Write a message as its edit has it; None when the edit or the message was erased."""
    if not edit.body or failure.body is None:
        return None
    return signed(rewritten(deps.cipher.decrypted_body(failure.body), edit.changes, item.chosen.event_id), edit, deps)


def _fitted(failure: Failure, changes: Sequence[FieldChange], deps: Deps) -> Member:
    """Return the failure as one that the changes fit, and whose event is sound with them. Raises MisfitError."""
    if failure.body is None:
        raise MisfitError("message-removed")
    event_id = new_event_id()
    event = rewritten(deps.cipher.decrypted_body(failure.body), changes, event_id)
    original, _ = read(deps.cipher.decrypted_body(failure.body))
    whole = original if isinstance(original, dict) else None
    try:
        event_correction.correct_body(whole, event, deps.contracts, is_sound=is_sound(failure.body))
        sealed(event)
    except Refusal as refusal:
        fault = refusal.refusals[0] if isinstance(refusal, Refusals) else refusal
        rule = fault.params.get("rule", "")
        known = isinstance(rule, TextKey)
        expectation = str(rule).rpartition(".")[2] if known else "other"
        expected = str(rule.params.get("expected", "")) if isinstance(rule, TextKey) else str(rule)
        raise MisfitError("breaks-contract", fault.field or "", expectation, expected) from refusal
    return Member(failure=failure.id, seen=failure.seen, event_id=event_id)


def _left(failure: Failure, misfit: MisfitError) -> Left:
    said = {name: getattr(misfit, name) for name in ("why", "field", "expectation", "expected")}
    return Left(failure=failure.id, event_id=failure.event_id, **said)


def _difference(member: Member, present: Mapping[str, Failure], edit: Edit, deps: Deps) -> Diff | None:
    failure = present.get(member.failure)
    if failure is None or failure.body is None or not edit.body:
        return None
    return compare(
        read(deps.cipher.decrypted_body(failure.body))[0],
        rewritten(deps.cipher.decrypted_body(failure.body), edit.changes, member.event_id),
        deps.contracts,
    )
