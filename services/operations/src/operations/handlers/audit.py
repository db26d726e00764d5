"""Reading the record of operators' actions, taking it out, and checking that it is whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from operations.domain.audit import AuditEntry, AuditQuery, AuditVerification, Verification
from operations.handlers.dependencies import Deps
from runtime.errors import NotFound

_AT_ONCE = 500


async def entries(asked: AuditQuery, before: int | None, limit: int, deps: Deps) -> Sequence[AuditEntry]:
    """Return a page of entries, the latest first, and one more to tell whether there is a next page."""
    return await deps.audit.page(asked, before=before, limit=limit + 1)


async def find(number: int, deps: Deps) -> AuditEntry:
    """Return one entry. Raises NotFound."""
    found = await deps.audit.get(number)
    if found is None:
        raise NotFound("entry-unknown", number=number)
    return found


async def export(asked: AuditQuery, deps: Deps) -> AsyncIterator[AuditEntry]:
    """Return all entries that are asked for, from the first, as many at a time as fit into memory easily."""
    number, last = 0, (await deps.audit.head()).number
    while number < last:
        for entry in await deps.audit.after(number, min(_AT_ONCE, last - number)):
            if asked.meets(entry):
                yield entry
        number += _AT_ONCE


async def verify(deps: Deps) -> Verification:
    """Follow the whole record from its beginning and tell whether nothing was changed, taken out or cut off."""
    head = await deps.audit.head()  # first, so that what is added meanwhile does not look cut off
    verifying = AuditVerification()
    while verifying.number < head.number and verifying.problem is None:
        found = await deps.audit.after(verifying.number, min(_AT_ONCE, head.number - verifying.number))
        if not found:
            break
        verifying.read(found)
    return verifying.end(head)
