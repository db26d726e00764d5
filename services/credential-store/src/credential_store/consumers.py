"""Which handler hears which event."""

from __future__ import annotations

from credential_store.consumed import (
    ApplicationApproved,
    CardRead,
    PersonHeld,
    RecordPublished,
    RecordWithdrawn,
    ReviewApproved,
)
from credential_store.handlers import departments, district, identity
from credential_store.handlers.needs import Deps
from messaging.consumer import Subscription

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", CardRead, identity.store_card),
    Subscription("identity.id-updated.v1", CardRead, identity.store_card),
    Subscription("identity.id-suspended.v1", PersonHeld, identity.suspend_card),
    Subscription("identity.id-reinstated.v1", PersonHeld, identity.reinstate_card),
    Subscription("review-dispatch.review-approved.v1", ReviewApproved, district.store_approved),
    Subscription("applications.application-approved.v1", ApplicationApproved, district.store_granted),
    Subscription("*.department-record-published.v1", RecordPublished, departments.store_record),
    Subscription("*.department-record-withdrawn.v1", RecordWithdrawn, departments.withdraw_record),
)
