"""What departments do with the files that they hand over: hand in, look, pause, resume, cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta

from bus.event import Outcome
from credential_store.domain.column_map import Mapping
from credential_store.domain.hand_over import HandOver, ReceivedFile, RefusedLine, hand_over_id
from credential_store.handlers.dependencies import Deps
from runtime.errors import NotAllowed, NotFound, Refusal
from runtime.ids import new_id
from web.auth import Principal

_LONGEST_ARRIVAL = timedelta(days=1)


def department_of(by: Principal, deps: Deps) -> str:
    """Return the department that a system speaks for: the one of its token, or its own name. Raises NotAllowed."""
    named = by.departments or frozenset({by.subject})
    if len(named) != 1:
        raise NotAllowed("one-department")
    (department,) = named
    if department not in deps.types.departments:
        raise NotAllowed("unknown-department", department=department)
    return department


async def hand_in(received: ReceivedFile, mapping: Mapping | None, by: Principal, deps: Deps) -> Outcome[HandOver]:
    """Take a file that has arrived. The same file again goes on where it was stopped, or is said to be done."""
    department, now = department_of(by, deps), deps.clock()
    id_ = hand_over_id(department, received.digest, mapping)
    before = await deps.hand_overs.get(id_)
    after = (
        before.handed_in_again(received, now)
        if before
        else HandOver(
            id=id_,
            number=new_id("n"),
            department=department,
            by=by.subject,
            received=received,
            mapping=mapping,
            received_at=now,
            resumed_at=now,
            moved_at=now,
        )
    )
    if after == before:
        return Outcome(result=after)
    arrived = [deps.files.arrived(received.file)] if after.received.file == received.file else []
    return Outcome(changes=[deps.hand_overs.save(after), *arrived], result=after)


async def read(id: str, by: Principal, deps: Deps) -> HandOver:
    """Return one of the department's own. Refuses any other as unknown. Raises NotFound."""
    found = await deps.hand_overs.get(id)
    if found is None or found.department != department_of(by, deps):
        raise NotFound("hand-over-unknown")
    return found


async def own(by: Principal, before: str | None, limit: int, deps: Deps) -> Sequence[HandOver]:
    """Return a page of the department's own, the latest first, and one more if there is any."""
    return await deps.hand_overs.of_department(department_of(by, deps), before, limit + 1)


async def refused(id: str, by: Principal, deps: Deps) -> AsyncIterator[RefusedLine]:
    """Return the refused lines of one of the department's own."""
    return deps.hand_overs.refused((await read(id, by, deps)).id)


async def change(id: str, by: Principal, deps: Deps, change: Callable[[HandOver], HandOver]) -> Outcome[HandOver]:
    """Pause, resume or cancel one of the department's own."""
    after = change(await read(id, by, deps))
    return Outcome(changes=[deps.hand_overs.save(after)], result=after)


async def sweep_arrivals(deps: Deps) -> Sequence[Outcome[None]]:
    """Remove files that never arrived whole, or whose hand-over was never committed."""
    await deps.files.sweep(deps.clock() - _LONGEST_ARRIVAL)
    return ()


def check_document_type(document_type: str, department: str, deps: Deps) -> None:
    """Raise Refusal for documents that there are none of, NotAllowed for those that another department keeps."""
    kind = deps.types.document_types.get(document_type)
    if kind is None:
        raise Refusal("document-type-unknown", field="mapping/document_type", document_type=document_type[:60])
    if kind.keeper != department:
        raise NotAllowed("document-type-not-kept", field="mapping/document_type", document_type=document_type)
