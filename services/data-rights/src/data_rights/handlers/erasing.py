"""Erasures: asking every service, erasing here what may go, and showing what each of them says."""

from __future__ import annotations

from data_rights import published
from data_rights.consumed import DataErased
from data_rights.domain.erasure import Answer, Erasure, Gone, Stays
from data_rights.domain.export import Export
from data_rights.handlers import reading, recording
from data_rights.handlers.needs import Deps
from data_rights.handlers.recording import Deed
from messaging.event import NOTHING, Change, NotYet, Outcome, Received
from runtime.access import Principal
from runtime.holders import Holder
from runtime.ids import new_id
from runtime.refusal import Clash, Unknown

OWN = "data-rights"
CONTENTS = "export-contents"
"""The kind of data that goes here: what exports hold."""


async def request(resident_id: str | None, by: Principal, deps: Deps) -> Outcome[Erasure]:
    """Ask every service to erase what may go of the caller's or a ward's. Raises NotAllowed, Clash, Unknown."""
    whose = resident_id or by.subject
    index = await reading.index_of(whose, by, deps)
    if index is None:
        raise Unknown("not-known-yet")
    if any(each.state == "under-way" for each in await deps.erasures.of_holder(index, before=None, limit=5)):
        raise Clash("erasure-under-way")
    holder = published.Holder(resident_id=whose, index=index)
    changes, answer = await _own(holder, deps)
    asked = Erasure(
        id=new_id("era"),
        holder=index,
        resident_id=whose,
        requested_by=by.subject,
        requested_at=deps.clock(),
        services=(*deps.erasing, OWN),
    ).heard(OWN, answer)
    event = published.ErasureRequested(erasure_id=asked.id, holder=holder)
    told = recording.by_guardian(index, whose, by, Deed("erased"), deps)
    return Outcome([deps.erasures.save(asked), *changes, *told], [event], case=asked.id, result=asked)


async def find(id_: str, by: Principal, deps: Deps) -> Erasure:
    """Return an erasure that the caller asked for. Raises Unknown."""
    found = await deps.erasures.get(id_)
    if found is None or found.requested_by != by.subject:
        raise Unknown("erasure-unknown")
    return found


async def note_answer(event: Received[DataErased], deps: Deps) -> Outcome[None]:
    """A service has answered. Raises NotYet for an erasure that is not known."""
    said = event.data
    known = await deps.erasures.get(said.erasure_id)
    if known is None:
        raise NotYet(f"erasure {said.erasure_id} is not known")
    answer = Answer(
        erased=tuple(Gone(kind=each.kind, count=each.count) for each in said.erased),
        kept=tuple(Stays(kind=each.kind, count=each.count, until=each.until) for each in said.kept),
    )
    heard = known.heard(event.type.partition(".")[0], answer)
    return NOTHING if heard is known else Outcome(changes=[deps.erasures.save(heard)])


async def _own(holder: published.Holder, deps: Deps) -> tuple[list[Change], Answer]:
    """Destroy the contents of the holder's exports; the record of accesses stays, and what was asked of us, too."""
    kept = [each for each in await deps.exports.of_holder(holder.index, before=None, limit=0) if each.is_kept]
    changes = [change for each in kept for change in await _ended(each, deps)]
    own = await deps.eraser.erase(Holder(resident_id=holder.resident_id, index=holder.index))
    changes += own.changes
    stays = tuple(Stays(kind=each.kind, count=each.count, until=each.until) for each in own.stays)
    return changes, Answer(erased=(Gone(kind=CONTENTS, count=len(kept)),) if kept else (), kept=stays)


async def _ended(export: Export, deps: Deps) -> list[Change]:
    return [deps.exports.save(export.ended()), *map(deps.exports.drop, await deps.exports.parts(export.id))]
