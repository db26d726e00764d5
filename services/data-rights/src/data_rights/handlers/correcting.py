"""Asking for a correction, and the answer of the department; whose the credentials are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from data_rights import published
from data_rights.consumed import CorrectionAnswered, CredentialStored, RegistrationCorrected
from data_rights.domain import correction
from data_rights.domain.access import Seen
from data_rights.domain.correctable import REGISTRATION
from data_rights.domain.correction import Answer, Correction, Wrong
from data_rights.domain.holding import Holding
from data_rights.handlers import reading, recording
from data_rights.handlers.needs import Deps
from data_rights.handlers.recording import Deed
from messaging.event import NOTHING, NotYet, Outcome, Received
from runtime.access import Principal
from runtime.clock import today
from runtime.refusal import Refusal, Unknown
from standards import identity_number
from standards.field_kinds import Value


@dataclass(frozen=True, slots=True)
class Asking:
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
    newest = Holding(
        id=said.credential_id,
        version=known.version if known else 0,
        holder=said.holder.index,
        document_type=said.document_type,
        identifier=said.identifier,
        origin=said.origin,
        sequence=said.sequence,
    )
    return Outcome(changes=[deps.holdings.save(newest)])


async def ask(asking: Asking, by: Principal, deps: Deps) -> Outcome[Correction]:
    """Ask for a value of one's own or a ward's to be corrected.

    Raises NotAllowed for anybody else's, Unknown before the registration is known, Refusal for a document, field,
    value or credential that there is not, Clash while a request for the same field is open. What a guardian asks for is
    in the ward's record.
    """
    whose = asking.resident_id or by.subject
    index = await reading.index_of(whose, by, deps)
    if index is None:
        raise Unknown("not-known-yet")
    department = deps.correctables.check(asking.document_type, asking.field, asking.should_say).kept_by
    _check_texts(asking, deps)
    wrong = _wrong(asking, await _credential(asking, index, deps))
    known = await deps.corrections.at_place(correction.place_of(index, wrong))
    asked = correction.ask(known, index, wrong, department, by.subject, deps.clock())
    event = _requested(asked, whose)
    told = recording.by_guardian(index, whose, by, _deed(wrong), deps)
    return Outcome([deps.corrections.save(asked), *told], [event], case=asked.id, result=asked)


async def find(id_: str, resident_id: str | None, by: Principal, deps: Deps) -> Correction:
    """Return a request about the caller or a ward. Raises Unknown, also for somebody else's, and NotAllowed."""
    index = await reading.index_of(resident_id or by.subject, by, deps)
    found = await deps.corrections.get(id_)
    if found is None or found.holder != index:
        raise Unknown("correction-unknown")
    return found


async def note_answer(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """A department has answered; what changes at a window may now be changed there. Raises NotYet if not known."""
    said = event.data
    known = await deps.corrections.get(said.correction_id)
    if known is None:
        raise NotYet(f"correction {said.correction_id} is not known")
    answer = Answer(
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
    permitted = [_permitted(answered, answer, window.until, said.holder.resident_id)] if window else []
    return Outcome([deps.corrections.save(answered)], permitted, case=answered.id)


async def note_made(event: Received[RegistrationCorrected], deps: Deps) -> Outcome[None]:
    """The registration was changed at a window as approved. Raises NotYet before the answer is known."""
    known = await deps.corrections.get(event.data.correction_id)
    if known is None or known.answer is None:
        raise NotYet(f"correction {event.data.correction_id} is not known as answered")
    made = known.made(event.data.corrected_at)
    return NOTHING if made is known else Outcome(changes=[deps.corrections.save(made)])


async def _credential(asking: Asking, index: str, deps: Deps) -> Holding | None:
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


def _check_texts(asking: Asking, deps: Deps) -> None:
    """Refuse an identity number in what is sent to others: it is in no message."""
    texts = {"says": asking.says, "should_say": asking.should_say, "reason": asking.reason}
    for name, value in texts.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and identity_number.stands_in(text, today=today(deps.clock())):
                raise Refusal("identity-number-in-text", field=name)


def _wrong(asking: Asking, credential: Holding | None) -> Wrong:
    return Wrong(
        document_type=asking.document_type,
        credential_id=credential.id if credential else None,
        identifier=credential.identifier if credential else None,
        origin=credential.origin if credential else None,
        field=asking.field,
        says=asking.says,
        should_say=asking.should_say,
        reason=asking.reason,
    )


def _deed(wrong: Wrong) -> Deed:
    """Return a request as the record of accesses says it: of the registration, a credential, a department's record."""
    if wrong.document_type == REGISTRATION:
        return Deed("corrected", "registration")
    document = Seen(document_type=wrong.document_type, identifier=wrong.identifier)
    return Deed("corrected", "credential" if wrong.credential_id else "evidence", (document,))


def _requested(asked: Correction, resident_id: str) -> published.CorrectionRequested:
    return published.CorrectionRequested(
        correction_id=asked.id,
        holder=published.Holder(resident_id=resident_id, index=asked.holder),
        **asked.wrong.model_dump(),
        department=asked.department,
        requested_at=asked.asked_at,
    )


def _permitted(correction: Correction, answer: Answer, until: date, resident_id: str) -> published.CorrectionPermitted:
    return published.CorrectionPermitted(
        correction_id=correction.id,
        holder=published.Holder(resident_id=resident_id, index=correction.holder),
        field=correction.wrong.field,
        value=str(answer.value),
        until=until,
        department=answer.department,
        officers=list(answer.officers),
    )
