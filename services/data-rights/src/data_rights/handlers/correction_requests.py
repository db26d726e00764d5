"""Asking for a correction, and the answer of the department; whose the credentials are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from bus.event import NOTHING, NotYet, Outcome, Received
from data_rights import events
from data_rights.domain import correction
from data_rights.domain.access import SeenDocument
from data_rights.domain.correctable import REGISTRATION
from data_rights.domain.correction import Correction, CorrectionAnswer, WrongValue
from data_rights.domain.known_credentials import KnownCredential
from data_rights.handlers import queries, record_entries
from data_rights.handlers.dependencies import Deps
from data_rights.handlers.record_entries import RecordedDeed
from data_rights.views import CorrectionAnswered, CredentialStored, RegistrationCorrected
from runtime.clock import today
from runtime.errors import NotFound, Refusal
from runtime.sign_in import SignedRequest
from standards import identity_number
from standards.field_kinds import Value
from web.auth import Principal
from web.reviewers import SignedCorrection, require_officers
from web.signed_requests import refuse_unless


@dataclass(frozen=True, slots=True)
class CorrectionInput:
    """What a resident asks for. `resident_id` is a ward; `says` is what is wrong, where the resident quotes it."""

    document_type: str
    field: str
    should_say: Value
    reason: str
    says: Value | None = None
    credential_id: str | None = None
    resident_id: str | None = None


async def learn_credential(event: Received[CredentialStored], deps: Deps) -> Outcome[None]:
    """Remember whose a credential is, and who vouches for it."""
    said = event.data
    known = await deps.holdings.get(said.credential_id)
    if known is not None and known.sequence >= said.sequence:
        return NOTHING
    newest = KnownCredential(
        id=said.credential_id,
        version=known.version if known else 0,
        holder=said.holder.index,
        document_type=said.document_type,
        identifier=said.identifier,
        origin=said.origin,
        sequence=said.sequence,
    )
    return Outcome(changes=[deps.holdings.save(newest)])


async def ask(asking: CorrectionInput, by: Principal, deps: Deps) -> Outcome[Correction]:
    """Ask for a value of one's own or a ward's to be corrected.

    Raises NotAllowed for anybody else's, NotFound before the registration is known, Refusal for a document, field,
    value or credential that there is not, Conflict while a request for the same field is open. What a guardian asks
    for is in the ward's record.
    """
    whose = asking.resident_id or by.subject
    index = await queries.index_of(whose, by, deps)
    if index is None:
        raise NotFound("not-known-yet")
    department = deps.correctables.check(asking.document_type, asking.field, asking.should_say).keeper
    _check_texts(asking, deps)
    wrong = _wrong(asking, await _credential(asking, index, deps))
    places = correction.places_of(index, wrong, deps.digest)
    known = await deps.corrections.at(places)
    asked = correction.ask(known, places[0], index, wrong, department, by.subject, deps.clock())
    event = _requested(asked, whose)
    told = record_entries.by_guardian(index, whose, by, _deed(wrong), deps)
    return Outcome([deps.corrections.save(asked), *told], [event], case=asked.id, result=asked)


async def find(id_: str, resident_id: str | None, by: Principal, deps: Deps) -> Correction:
    """Return a request about the caller or a ward. Raises NotFound, also for somebody else's, and NotAllowed."""
    index = await queries.index_of(resident_id or by.subject, by, deps)
    found = await deps.corrections.get(id_)
    if found is None or found.holder != index:
        raise NotFound("correction-unknown")
    return found


async def note_answer(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """A department has answered; what changes at a window may now be changed there.

    Raises NotYet if it is not known, BrokenMessageError unless officers have signed that this value was wrong.
    """
    said = event.data
    named = await _require_signed(event, deps)
    known = await deps.corrections.get(said.correction_id)
    if known is None:
        raise NotYet(f"correction {said.correction_id} is not known")
    if said.result == "corrected":
        right = known.wrong.should_say if named is None else named
        asked = (known.holder, known.wrong.document_type, known.wrong.field)
        refuse_unless((said.holder.index, said.document_type, said.field) == asked, "what was asked for")
        refuse_unless(not said.signed_requests or said.value == right, "the value that was signed, or else asked for")
    answer = CorrectionAnswer(
        result=said.result,
        value=said.value,
        explanation=said.explanation,
        officers=tuple(said.officers),
        department=said.department,
        at=said.answered_at,
    )
    answered = known.answered(answer, today(deps.clock()) + timedelta(days=deps.settings.window_days))
    if answered is known:
        return NOTHING
    window = answered.window
    permitted = [_permitted(answered, said, window.until)] if window else []
    again = [] if known.is_witnessed else [_requested(known, said.holder.resident_id)]
    told = [*again, *permitted]
    return Outcome([deps.corrections.save(answered)], told, case=answered.id)


async def _require_signed(event: Received[CorrectionAnswered], deps: Deps) -> Value | None:
    """See that officers have signed that the value was wrong, and return the one that they named, if any."""
    said = event.data
    if said.result != "corrected":
        return None
    answer = SignedCorrection(said.correction_id, said.document_type, said.officers, said.signed_requests, event.time)
    return await require_officers(answer, deps.reviewers, deps.signed_requests)


async def note_made(event: Received[RegistrationCorrected], deps: Deps) -> Outcome[None]:
    """The registration was changed at a window as approved. Raises NotYet before the answer is known."""
    known = await deps.corrections.get(event.data.correction_id)
    if known is None or known.answer is None:
        raise NotYet(f"correction {event.data.correction_id} is not known as answered")
    made = known.made(event.data.corrected_at)
    return NOTHING if made is known else Outcome(changes=[deps.corrections.save(made)])


async def _credential(asking: CorrectionInput, index: str, deps: Deps) -> KnownCredential | None:
    """Return the credential that is named, or the only one of that type; None where there is none."""
    if asking.credential_id is not None:
        named = await deps.holdings.get(asking.credential_id)
        if named is None or named.holder != index or named.document_type != asking.document_type:
            raise Refusal("credential-unknown", field="credential_id")
        return named
    held = await deps.holdings.of_type(index, asking.document_type)
    if len(held) > 1:
        raise Refusal("credential-not-named", field="credential_id")
    return held[0] if held else None


def _check_texts(asking: CorrectionInput, deps: Deps) -> None:
    """Refuse an identity number in what is sent to others: it is in no message."""
    texts = {"says": asking.says, "should_say": asking.should_say, "reason": asking.reason}
    for name, value in texts.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and identity_number.stands_in(text, today=today(deps.clock())):
                raise Refusal("identity-number-in-text", field=name)


def _wrong(asking: CorrectionInput, credential: KnownCredential | None) -> WrongValue:
    return WrongValue(
        document_type=asking.document_type,
        credential_id=credential.id if credential else None,
        identifier=credential.identifier if credential else None,
        origin=credential.origin if credential else None,
        field=asking.field,
        says=asking.says,
        should_say=asking.should_say,
        reason=asking.reason,
    )


def _deed(wrong: WrongValue) -> RecordedDeed:
    """Return a request as the record of accesses says it: of the registration, a credential, a department's record."""
    if wrong.document_type == REGISTRATION:
        return RecordedDeed("corrected", "registration")
    document = SeenDocument(document_type=wrong.document_type, identifier=wrong.identifier)
    return RecordedDeed("corrected", "credential" if wrong.credential_id else "evidence", (document,))


def _requested(asked: Correction, resident_id: str) -> events.CorrectionRequested:
    return events.CorrectionRequested(
        correction_id=asked.id,
        holder=events.Holder(resident_id=resident_id, index=asked.holder),
        **asked.wrong.model_dump(),
        department=asked.department,
        requested_at=asked.asked_at,
    )


def _permitted(correction: Correction, said: CorrectionAnswered, until: date) -> events.CorrectionPermitted:
    signed = said.signed_requests
    return events.CorrectionPermitted(
        correction_id=correction.id,
        holder=events.Holder(resident_id=said.holder.resident_id, index=correction.holder),
        field=correction.wrong.field,
        value=str(said.value),
        until=until,
        department=said.department,
        officers=said.officers,
        signed_requests=None if signed is None else [SignedRequest.model_validate(dict(each)) for each in signed],
    )
