"""Approved corrections: each opens one change of the registration at a window.

Data-rights permits it; that officers have answered so, about this person's field, says review-dispatch as well, and the
officers have signed it.
"""

from __future__ import annotations

from bus.event import NOTHING, NotYet, Outcome, Received
from identity.domain import resident as residents
from identity.domain.correction import Permit, SignedAnswer
from identity.domain.record import RecordedActor
from identity.handlers.dependencies import Deps
from identity.views import CorrectionAnswered, CorrectionPermitted
from web.reviewers import REVIEWERS, SignedCorrection, require_officers
from web.signed_requests import SignedDeed, is_soon, refuse_unless, signed_at

_AT_WINDOW = frozenset({"registration", "id-card"})
"""The documents of which a value changes at a window."""
_PERMITTED = "data-rights.correction-permitted"


async def note_answer(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """Note what officers have answered of a registration. Raises BrokenMessageError unless they have signed it."""
    said = event.data
    if said.result != "corrected" or said.value is None or said.document_type not in _AT_WINDOW:
        return NOTHING
    requests = said.signed_requests
    answer = SignedCorrection(said.correction_id, said.document_type, said.officers, requests, event.time)
    named = await require_officers(answer, deps.reviewers, deps.signed_requests)
    if requests:
        refuse_unless(is_soon(signed_at(requests[-1]), event.time), "told as soon as it was answered")
    refuse_unless(named is None or named == said.value, "the value that was signed")
    if await deps.answers.get(said.correction_id) is not None:
        return NOTHING
    noted = SignedAnswer(
        id=said.correction_id,
        holder_index=said.holder.index,
        document_type=said.document_type,
        field=said.field,
        value=str(said.value),
        officers=tuple(said.officers),
        at=said.answered_at,
    )
    return Outcome(changes=[deps.answers.save(noted)])


async def permit(event: Received[CorrectionPermitted], deps: Deps) -> Outcome[None]:
    """Open the change; said again, nothing happens, also when it was made or is over.

    One that arrives after its last day is kept as over, so that the window can tell. Raises NotYet if the person is not
    registered, or the answer not known; BrokenMessageError for what officers did not answer and sign.
    """
    said = event.data
    resident = await deps.residents.with_index(said.holder.index)
    await _require_answer(event, deps)
    if resident is None:
        raise NotYet(f"the resident of correction {said.correction_id} is not known")
    permit = Permit(correction_id=said.correction_id, field=said.field, value=said.value, until=said.until)
    by = RecordedActor(subject=", ".join(said.officers), role="reviewer")
    permitted = residents.permit(resident, permit, by, deps.clock())
    return NOTHING if permitted is resident else Outcome(changes=[deps.residents.save(permitted)])


async def _require_answer(event: Received[CorrectionPermitted], deps: Deps) -> None:
    """See that officers have answered just this; what was under way before the day of `[signed]` is believed."""
    said = event.data
    if said.signed_requests is None:
        await deps.signed_requests.require(None, SignedDeed(_PERMITTED, "", event.time, REVIEWERS))
        return
    answered = await deps.answers.get(said.correction_id)
    if answered is None:
        if deps.signed_requests.is_required(_PERMITTED):
            raise NotYet(f"review-dispatch has told no answer to correction {said.correction_id} yet")
        return
    permitted = SignedCorrection(
        said.correction_id, answered.document_type, said.officers, said.signed_requests, event.time
    )
    await require_officers(permitted, deps.reviewers, deps.signed_requests, _PERMITTED)
    refuse_unless(said.holder.index == answered.holder_index, "of whom it was answered")
    refuse_unless((said.field, said.value) == (answered.field, answered.value), "the value that was answered")
    refuse_unless(tuple(said.officers) == answered.officers, "the officers who answered")
