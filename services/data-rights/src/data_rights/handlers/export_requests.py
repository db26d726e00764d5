"""Exports: asking every service, taking in what they send, putting it together, and destroying it after a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bus.event import NOTHING, NotYet, Outcome, Received
from data_rights import events
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.export import KEPT, Export, ExportPart, part_id
from data_rights.handlers import queries, record_entries
from data_rights.handlers.dependencies import Deps
from data_rights.handlers.record_entries import RecordedDeed
from data_rights.views import DataExported
from privacy import exports
from runtime.errors import Conflict, NotFound
from runtime.ids import new_id
from web.auth import Principal

OWN = "data-rights"
_INTERNAL = {"version", "holder", "salt", "block", "answers"}
_AT_ONCE = 500
_EXPIRED_AT_ONCE = 20

Sections = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""By service, by section: the records."""


async def request(resident_id: str | None, by: Principal, deps: Deps) -> Outcome[Export]:
    """Ask every service for what it holds of the caller or a ward. Raises NotAllowed, Conflict, NotFound."""
    whose = resident_id or by.subject
    index = await queries.index_of(whose, by, deps)
    if index is None:
        raise NotFound("not-known-yet")
    if any(each.is_awaited(deps.clock()) for each in await deps.exports.of_holder(index, before=None, limit=5)):
        raise Conflict("export-under-way")
    public, private = exports.new_key()
    now = deps.clock()
    asked = Export(
        id=new_id("exp"),
        holder=index,
        resident_id=whose,
        requested_by=by.subject,
        requested_at=now,
        ends_at=now + KEPT,
        services=deps.exporting,
        key=private,
    )
    holder = events.Holder(resident_id=whose, index=index)
    event = events.ExportRequested(export_id=asked.id, holder=holder, key=public, signed_request=by.signed)
    told = record_entries.by_guardian(index, whose, by, RecordedDeed("exported"), deps)
    return Outcome([deps.exports.save(asked), *told], [event], case=asked.id, result=asked)


async def find(id_: str, by: Principal, deps: Deps) -> Export:
    """Return an export that the caller asked for. Raises NotFound, NotAllowed once they are no guardian any more."""
    found = await deps.exports.get(id_)
    if found is None or found.requested_by != by.subject:
        raise NotFound("export-unknown")
    await queries.index_of(found.resident_id, by, deps)
    return found


async def note_part(event: Received[DataExported], deps: Deps) -> Outcome[None]:
    """A part has come. Raises NotYet for an export that is not known."""
    said, service = event.data, event.type.partition(".")[0]
    known = await deps.exports.get(said.export_id)
    if known is None:
        raise NotYet(f"export {said.export_id} is not known")
    heard = known.heard(service, said.part, said.parts)
    if heard is known:
        return NOTHING
    part = ExportPart(id=part_id(known.id, service, said.part), export=known.id, service=service, jwe=said.sealed)
    return Outcome(changes=[deps.exports.save(heard), deps.exports.keep(part)])


async def content(id_: str, by: Principal, deps: Deps) -> Sections:
    """Return everything of an export. Raises as `find`, and Conflict until it is ready and after it has ended."""
    export = await find(id_, by, deps)
    if export.state != "ready" or export.key is None:
        raise Conflict(f"export-{export.state}")
    together: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for part in await deps.exports.parts(export.id):
        for section, records in exports.opened(part.jwe, export.key).items():
            together.setdefault(part.service, {}).setdefault(section, []).extend(records)
    return {**together, OWN: await own(export.holder, deps)}


async def end(deps: Deps) -> Sequence[Outcome[None]]:
    """Destroy the keys and parts of exports whose time is over."""
    due = await deps.exports.due(deps.clock(), _EXPIRED_AT_ONCE)
    return [
        Outcome(changes=[deps.exports.save(each.ended()), *map(deps.exports.drop, await deps.exports.parts(each.id))])
        for each in due
    ]


async def own(holder: str, deps: Deps) -> dict[str, list[Mapping[str, Any]]]:
    """Return what this service itself holds: all of the record of accesses, disputes and corrections."""
    entries: list[Mapping[str, Any]] = []
    before: str | None = None
    while page := await deps.accesses.page(holder, ServiceRequest(), before=before, limit=_AT_ONCE):
        entries += [
            each.model_dump(mode="json", exclude={"version", "holder", "salt", "block", "answers"}) for each in page
        ]
        before = page[-1].id
    disputes = await deps.disputes.of_holder(holder, before=None, limit=0)
    told: list[Mapping[str, Any]] = [each.model_dump(mode="json", exclude={"version", "holder"}) for each in disputes]
    asked = await deps.corrections.of_holder(holder, before=None, limit=0)
    corrections: list[Mapping[str, Any]] = [
        each.model_dump(mode="json", exclude={"version", "holder", "place", "order"}) for each in asked
    ]
    return {"accesses": entries, "disputes": told, "corrections": corrections}
