"""Erasures: asking every service what would go, having it erased when that is confirmed, and what each of them says."""

from __future__ import annotations

from bus.event import NOTHING, Change, NotYet, Outcome, Received
from data_rights import events
from data_rights.domain.erasure import ErasedKind, Erasure, ErasureAnswer, KeptKind
from data_rights.domain.export import Export
from data_rights.handlers import queries, record_entries
from data_rights.handlers.dependencies import Deps
from data_rights.handlers.record_entries import RecordedDeed
from data_rights.views import DataErased, ErasurePreviewed
from privacy.holders import Holder
from runtime.errors import Conflict, NotFound
from runtime.ids import new_id
from web.auth import Principal

OWN = "data-rights"
CONTENTS = "export-contents"
"""The kind of data that goes here: what exports hold."""


async def request(resident_id: str | None, by: Principal, deps: Deps) -> Outcome[Erasure]:
    """Ask every service what would go of the caller's or a ward's; nothing is erased yet.

    Raises NotAllowed, Conflict, NotFound.
    """
    whose = resident_id or by.subject
    index = await queries.index_of(whose, by, deps)
    if index is None:
        raise NotFound("not-known-yet")
    await _refuse_second(index, deps)
    holder = events.Holder(resident_id=whose, index=index)
    _, answer = await _own(holder, deps)
    asked = Erasure(
        id=new_id("era"),
        holder=index,
        resident_id=whose,
        requested_by=by.subject,
        requested_at=deps.clock(),
        services=(*deps.erasing, OWN),
        previews={},
    ).shown(OWN, answer)
    event = events.ErasurePreviewRequested(erasure_id=asked.id, holder=holder)
    return Outcome([deps.erasures.save(asked)], [event], case=asked.id, result=asked)


async def confirm(id_: str, preview: str, by: Principal, deps: Deps, *, ward: str | None = None) -> Outcome[Erasure]:
    """Ask every service to erase what was shown as `preview`, of the caller's or of a ward, whom it names.

    Raises NotFound, NotAllowed, Conflict for anything else, also where another person is named as the `ward`.
    """
    asked = await find(id_, by, deps)
    state = asked.state(deps.clock())
    if state != "awaiting-confirmation":
        raise Conflict(f"erasure-{'confirmed' if state in {'under-way', 'done'} else state}")
    if ward not in {None, asked.resident_id}:
        raise Conflict("erasure-of-another", field="resident_id")
    if preview != asked.preview:
        raise Conflict("erasure-preview-differs")
    await _refuse_second(asked.holder, deps)
    holder = events.Holder(resident_id=asked.resident_id, index=asked.holder)
    changes, answer = await _own(holder, deps)
    confirmed = asked.confirmed(deps.clock()).heard(OWN, answer)
    event = events.ErasureRequested(
        erasure_id=asked.id, holder=holder, only=sorted(asked.cases), signed_request=by.signed
    )
    told = record_entries.by_guardian(asked.holder, asked.resident_id, by, RecordedDeed("erased"), deps)
    return Outcome([deps.erasures.save(confirmed), *changes, *told], [event], case=asked.id, result=confirmed)


async def _refuse_second(holder: str, deps: Deps) -> None:
    known = await deps.erasures.of_holder(holder, before=None, limit=5)
    if any(each.is_awaited(deps.clock()) for each in known):
        raise Conflict("erasure-under-way")


async def find(id_: str, by: Principal, deps: Deps) -> Erasure:
    """Return an erasure that the caller asked for. Raises NotFound, NotAllowed once they are no guardian any more."""
    found = await deps.erasures.get(id_)
    if found is None or found.requested_by != by.subject:
        raise NotFound("erasure-unknown")
    await queries.index_of(found.resident_id, by, deps)
    return found


async def note_preview(event: Received[ErasurePreviewed], deps: Deps) -> Outcome[None]:
    """A service has said what would go. Raises NotYet for an erasure that is not known."""
    known = await _known(event.data, deps)
    shown = known.shown(event.type.partition(".")[0], _answer(event.data), event.data.cases)
    return NOTHING if shown is known else Outcome(changes=[deps.erasures.save(shown)])


async def note_answer(event: Received[DataErased], deps: Deps) -> Outcome[None]:
    """A service has answered. Raises NotYet for an erasure that is not known."""
    known = await _known(event.data, deps)
    heard = known.heard(event.type.partition(".")[0], _answer(event.data))
    return NOTHING if heard is known else Outcome(changes=[deps.erasures.save(heard)])


async def _known(said: DataErased, deps: Deps) -> Erasure:
    known = await deps.erasures.get(said.erasure_id)
    if known is None:
        raise NotYet(f"erasure {said.erasure_id} is not known")
    return known


def _answer(said: DataErased) -> ErasureAnswer:
    return ErasureAnswer(
        erased=tuple(ErasedKind(kind=each.kind, count=each.count) for each in said.erased),
        kept=tuple(KeptKind(kind=each.kind, count=each.count, until=each.until) for each in said.kept),
    )


async def _own(holder: events.Holder, deps: Deps) -> tuple[list[Change], ErasureAnswer]:
    """Destroy the contents of the holder's exports; the record of accesses stays, and what was asked of us, too."""
    kept = [each for each in await deps.exports.of_holder(holder.index, before=None, limit=0) if each.is_kept]
    changes = [change for each in kept for change in await _ended(each, deps)]
    own = await deps.eraser.erase(Holder(resident_id=holder.resident_id, index=holder.index))
    changes += own.changes
    stays = tuple(KeptKind(kind=each.kind, count=each.count, until=each.until) for each in own.stays)
    return changes, ErasureAnswer(erased=(ErasedKind(kind=CONTENTS, count=len(kept)),) if kept else (), kept=stays)


async def _ended(export: Export, deps: Deps) -> list[Change]:
    return [deps.exports.save(export.ended()), *map(deps.exports.drop, await deps.exports.parts(export.id))]
