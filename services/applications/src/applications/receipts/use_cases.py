"""Making out the receipt of an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from applications.domain.application import Application
from applications.domain.inquiry_code import new_code
from applications.domain.item import ServiceItem
from applications.handlers.access_events import seen
from applications.handlers.dependencies import Deps
from applications.handlers.parties import readable
from bus.event import Change, Outcome
from runtime.errors import Conflict
from web.auth import Principal


@dataclass(frozen=True, slots=True)
class Receipt:
    """An application that was submitted, with its item, as it is at a moment."""

    application: Application
    item: ServiceItem
    issued_at: datetime


async def issue(application_id: str, by: Principal, deps: Deps) -> Outcome[Receipt]:
    """Make out the receipt of one of one's own applications or, which is told, of a ward's. Raises NotFound, Conflict.

    One that was begun under an earlier release gets its code now.
    """
    application = await readable(application_id, by, deps)
    if application.submitted_at is None:
        raise Conflict("no-receipt-yet")
    changes: list[Change] = []
    if not application.inquiry_code:
        application = application.model_copy(update={"inquiry_code": new_code()})
        changes = [deps.applications.save(application)]
    told = seen(application, [application.applicant, application.subject], by, deps)
    receipt = Receipt(application, deps.catalogue.item(application.item), deps.clock())
    return Outcome(changes=changes, accesses=told, case=application_id, result=receipt)
