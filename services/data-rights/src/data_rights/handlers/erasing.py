"""Erasures: asking every service what would go, having it erased when that is confirmed, and what each of them says."""

from __future__ import annotations

from data_rights import published
from data_rights.consumed import DataErased, ErasurePreviewed
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
    """Ask every service what would go of the caller's or a ward's; nothing is erased yet.

    Raises NotAllowed, Clash, Unknown.
    """
    whose = resident_id or by.subject
    index = await reading.index_of(whose, by, deps)
    if index is None:
        raise Unknown("not-known-yet")
    await _refuse_second(index, deps)
    holder = published.Holder(resident_id=whose, index=index)
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
    event = published.ErasurePreviewRequested(erasure_id=asked.id, holder=holder)
    return Outcome([deps.erasures.save(asked)], [event], case=asked.id, result=asked)


async def confirm(id_: str, preview: str, by: Principal, deps: Deps) -> Outcome[Erasure]:
    """Ask every service to erase what was shown as `preview`. Raises Unknown, NotAllowed, Clash for anything else."""
    asked = await find(id_, by, deps)
    index = await reading.index_of(asked.resident_id, by, deps)  # a guardian may not be one any more
    state = asked.state(deps.clock())
    if state != "awaiting-confirmation" or index is None:
        raise Clash(f"erasure-{'confirmed' if state in {'under-way', 'done'} else state}")
    if preview != asked.preview:
        raise Clash("erasure-preview-differs")
    await _refuse_second(asked.holder, deps)
    holder = published.Holder(resident_id=asked.resident_id, index=asked.holder)
    changes, answer = await _own(holder, deps)
    confirmed = asked.confirmed(deps.clock()).heard(OWN, answer)
    event = published.ErasureRequested(erasure_id=asked.id, holder=holder, only=sorted(asked.cases))
    told = recording.by_guardian(asked.holder, asked.resident_id, by, Deed("erased"), deps)
    return Outcome([deps.erasures.save(confirmed), *changes, *told], [event], case=asked.id, result=confirmed)


async def _refuse_second(holder: str, deps: Deps) -> None:
    known = await deps.erasures.of_holder(holder, before=None, limit=5)
    if any(each.state(deps.clock()) == "under-way" for each in known):
        raise Clash("erasure-under-way")


async def find(id_: str, by: Principal, deps: Deps) -> Erasure:
    """Return an erasure that the caller asked for. Raises Unknown."""
    found = await deps.erasures.get(id_)
    if found is None or found.requested_by != by.subject:
        raise Unknown("erasure-unknown")
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


def _answer(said: DataErased) -> Answer:
    return Answer(
        erased=tuple(Gone(kind=each.kind, count=each.count) for each in said.erased),
        kept=tuple(Stays(kind=each.kind, count=each.count, until=each.until) for each in said.kept),
    )


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
