"""What reviewers of the department that keeps a credential do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bus.event import Outcome
from credential_store.domain import lifecycle, looks
from credential_store.domain.credential import Credential, Ended
from credential_store.domain.lifecycle import CredentialCorrection
from credential_store.domain.status import Trace, settle
from credential_store.handlers.access_events import accessed, document_of
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.issuance import decided
from runtime.errors import NotFound, check_version
from web.auth import Principal


@dataclass(frozen=True, slots=True)
class Order:
    """What a reviewer asks for: which credential, as of which version, why."""

    id: str
    reason: str
    by: Principal
    if_match: int | None


async def suspend(order: Order, deps: Deps) -> Outcome[Credential]:
    """Suspend a valid credential until it is reinstated."""
    return await _change(order, lambda it, now: lifecycle.suspend(it, order.reason, now), deps)


async def reinstate(order: Order, deps: Deps) -> Outcome[Credential]:
    """Lift a suspension."""
    return await _change(order, lambda it, now: lifecycle.reinstate(it, order.reason, now), deps)


async def end(order: Order, status: Ended, deps: Deps) -> Outcome[Credential]:
    """End a credential for good."""
    return await _change(order, lambda it, now: lifecycle.end(it, status, order.reason, now), deps)


async def reissue(order: Order, correction: CredentialCorrection, deps: Deps) -> Outcome[Credential]:
    """Issue the next version of what the district approved or granted."""

    def change(it: Credential, now: datetime) -> Credential:
        return lifecycle.reissue(it, correction, deps.types.numbering(it.document_type), now)

    return await _change(order, change, deps)


async def _change(
    order: Order, change: Callable[[Credential, datetime], Credential], deps: Deps
) -> Outcome[Credential]:
    before = await deps.credentials.get(order.id)
    if before is None or before.current is None:
        raise NotFound("credential-unknown")
    looks.check_keeper(before, order.by.departments, deps.types)
    check_version(before.version, order.if_match)
    now = deps.clock()
    after = settle(before, change(before, now), Trace(at=now, by=order.by.subject, reason=order.reason))
    outcome = await decided(before, after, deps)
    told = accessed(before.holder, "worked-on", order.by, order.reason, [document_of(after)], deps)
    return replace(outcome, accesses=told)
