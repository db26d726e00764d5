"""Signing what was issued, in the same transaction, and keeping its status lists true."""

from __future__ import annotations

from collections.abc import Sequence

from bus.event import NOTHING, Change, Outcome
from credential_store.domain import signed
from credential_store.domain.credential import Credential, Issue
from credential_store.domain.signed import SignedVersion
from credential_store.handlers.dependencies import Deps, announcements
from runtime.clock import today


async def decided(before: Credential, after: Credential, deps: Deps) -> Outcome[Credential]:
    """Save what has changed, sign what is new and announce it, if others have to know."""
    saved, changes = await _issued(before, after, deps)
    events = announcements(before, saved, deps)
    return Outcome(changes=[deps.credentials.save(saved), *changes], events=events, case=before.id, result=saved)


async def outcome(before: Credential, after: Credential, deps: Deps) -> Outcome[None]:
    """End a message: as decided, and nothing for old news. Its events belong to the message's case."""
    if after == before:
        return NOTHING
    ended = await decided(before, after, deps)
    return Outcome(changes=ended.changes, events=ended.events)


async def _issued(before: Credential, after: Credential, deps: Deps) -> tuple[Credential, Sequence[Change]]:
    """Return the credential with its new versions signed, and the writes for that and for changed statuses."""
    fresh = [await sign(after, issue, deps) for issue in after.issues[len(before.issues) :]]
    issues = (*after.issues[: len(before.issues)], *(issue for issue, _ in fresh))
    signed_now = after.model_copy(update={"issues": issues})
    known = _remarked(before, signed_now, deps)
    return signed_now, [*known, *(deps.signed.save(version) for _, version in fresh)]


async def sign(credential: Credential, issue: Issue, deps: Deps) -> tuple[Issue, SignedVersion]:
    place, now = await deps.places.next(), deps.clock()
    version = signed.sign(credential, issue, place, deps.issuer, deps.types, now)
    marks = signed.marks(credential, issue, today(now))
    return issue.model_copy(update={"place": place}), version.model_copy(update={"marks": marks})


def _remarked(before: Credential, after: Credential, deps: Deps) -> list[Change]:
    day = today(deps.clock())
    pairs = zip(before.issues, after.issues, strict=False)
    return [
        deps.signed.mark(new.place, signed.marks(after, new, day))
        for old, new in pairs
        if new.place is not None and signed.marks(before, old, day) != signed.marks(after, new, day)
    ]
