"""What departments' own systems say: a record was published, changed or withdrawn.

What is wrong with it is raised as BrokenMessageError before anything is decided, and `answer_sender` tells it to the
department. A file that a department hands over goes through the same functions, line by line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bus.envelope import BrokenMessageError
from bus.event import Event, Outcome, Received, Refused
from credential_store.domain import sameness, versions
from credential_store.domain.credential import Credential, CredentialContent, IndexedHolder, Statement
from credential_store.domain.sameness import Told
from credential_store.domain.status import Trace, settle
from credential_store.events import RecordAccepted, RecordRefused
from credential_store.handlers import duplicates
from credential_store.handlers.dependencies import Deps, kept_under
from credential_store.handlers.identity import ID_CARD
from credential_store.handlers.issuance import outcome
from credential_store.views import RecordPublished, RecordWithdrawn
from records import checks, replies
from records.persons import DepartmentRecord, DepartmentRecordGone
from runtime.clock import today
from standards.bounds import LARGEST_HISTORY

_MEASURED_FROM = 100
"""Versions and steps: with fewer, no record is near the bound."""

AnyRecord = RecordPublished | RecordWithdrawn
AnyEvent = Received[RecordPublished] | Received[RecordWithdrawn]


def open_record(event: Received[DepartmentRecord], deps: Deps) -> Received[RecordPublished]:
    """Open a record that came with its person encrypted. Raises BrokenMessageError."""
    return deps.opener.open(event, RecordPublished)


def open_withdrawal(event: Received[DepartmentRecordGone], deps: Deps) -> Received[RecordWithdrawn]:
    """Open a withdrawal that came so. Raises BrokenMessageError."""
    return deps.opener.open(event, RecordWithdrawn)


async def store_record(event: Received[RecordPublished], deps: Deps) -> Outcome[None]:
    """Store a department's record as a credential of its own; a change of it is the next version."""
    record = event.data
    _check_authority(event, record, deps)
    checks.check_fields(record.document_type, record.fields)
    checks.check_term(record.valid_from, record.valid_until)
    before, resident_id = await _held(record, deps)
    content = _content(event, before)
    after = before
    if _is_news(versions.is_held(before, content, record.sequence), event, before):
        said = Statement(at=event.time, sequence=record.sequence)
        after = versions.merge(before, content, said, deps.types.numbering(record.document_type))
    trace = Trace(at=deps.clock(), by=record.department, cause=event.id)
    if after == before:
        return await _outcome(event, before, after, trace, deps)
    holding = await deps.holdings.of(record.holder_index, record.document_type)
    held = [each for each in await duplicates.held_in(holding, deps) if each.id != before.id]
    twins, doubtful = _of_the_district(record, held, deps)
    ended: list[Outcome[None]] = []
    for district in twins:
        yielded, after = sameness.yielding(district, after, today(trace.at))
        ended.append(await outcome(district, settle(district, yielded, trace), deps))
    stored = await _outcome(event, before, versions.link(after, resident_id), trace, deps)
    is_new = len(after.issues) > len(before.issues) and sameness.counts(after, today(trace.at))
    asked = [duplicates.of_credential(after, content, doubtful)] if is_new and doubtful else []
    return duplicates.listed([stored, *ended], holding.having(after.id), deps, *asked)


def _of_the_district(
    record: RecordPublished, held: Sequence[Credential], deps: Deps
) -> tuple[list[Credential], list[Credential]]:
    """Return what the district vouches for of the same document, and what only a person can tell from it."""
    kind = deps.types.of(record.document_type)
    vouched = [each for each in held if each.current and each.current.content.voice == "district"]
    twins = [each for each in vouched if sameness.is_the_record(kind, record.fields, each)]
    others = [each for each in vouched if each not in twins]
    doubtful = sameness.possibly_same(kind, record.fields, others, Told(record.record_id), today(deps.clock()))
    return twins, doubtful


async def withdraw_record(event: Received[RecordWithdrawn], deps: Deps) -> Outcome[None]:
    """Revoke what the department took back; remembered even if the record itself is still on its way."""
    record = event.data
    _check_authority(event, record, deps)
    before, resident_id = await _held(record, deps)
    after = before
    if _is_news(versions.is_taken_back(before, record.sequence, record.reason), event, before):
        after = versions.withdraw(before, record.sequence, record.reason)
    trace = Trace(at=deps.clock(), by=record.department, reason=record.reason, cause=event.id)
    return await _outcome(event, before, versions.link_if_changed(before, after, resident_id), trace, deps)


async def answer_sender(refused: Refused, deps: Deps) -> Outcome[None]:
    """Tell a department what was wrong with what it sent. Raises BrokenMessageError for who is no department."""
    return replies.refusal(refused, RecordRefused, deps.types.departments, deps.clock())


def _check_authority(event: AnyEvent, record: AnyRecord, deps: Deps) -> None:
    """Raise BrokenMessageError for a department that speaks in another's name or of what it does not keep."""
    kept = deps.types.codes_of_keeper(checks.publisher_of(event))
    checks.check_source(event)
    checks.check_case(event)
    checks.check_department(record.department, event)
    checks.check_known(record.document_type, deps.types.document_types, kept)
    checks.check_kept(record.document_type, kept, event)


async def _held(record: AnyRecord, deps: Deps) -> tuple[Credential, str | None]:
    """Return the record's credential and its holder's resident id, if that person is registered.

    The identity card says who the holder is. Who registers later finds the record all the same: residents are led to
    their credentials by the index.
    """
    index, kind = record.holder_index, record.document_type
    ids = deps.ids.of(index, kind, record.record_id, record.department)
    found, card = await asyncio.gather(kept_under(ids, deps), kept_under(deps.ids.of(index, ID_CARD), deps))
    if found is None:
        kept = await deps.credentials.ids_of([index], deps.types.codes_of_keeper(record.department))
        checks.check_room(len(kept[index]))
    resident_id = card.holder.resident_id if card else None
    holder = IndexedHolder(resident_id=resident_id, index=index)
    return found or Credential(id=ids.new, document_type=kind, record=record.record_id, holder=holder), resident_id


def _content(event: Received[RecordPublished], before: Credential) -> CredentialContent:
    """Return what the record says. Where it names no first day, that is the day on which it was first said."""
    record, current = event.data, before.published
    said_before = current is not None and current.said.sequence == record.sequence
    first_said = current.content.valid_from if current is not None and said_before else today(event.time)
    if record.valid_until is not None:  # of what had ended before it was first said, no day is known but the last
        first_said = min(first_said, record.valid_until)
    return CredentialContent(
        fields=record.fields,
        origin="department",
        valid_from=record.valid_from or first_said,
        valid_until=record.valid_until,
    )


def _check_history(after: Credential) -> None:
    """Raise BrokenMessageError for one change more of a record that has been changed beyond all measure."""
    if len(after.issues) + len(after.history) < _MEASURED_FROM:
        return
    if (size := len(after.model_dump_json())) > LARGEST_HISTORY:
        rule = f"at most {LARGEST_HISTORY} bytes in all versions of a record, not {size}"
        raise BrokenMessageError("record-full", "/data/record_id", rule, {"most": LARGEST_HISTORY})


def _is_news(known: versions.Known, event: AnyEvent, before: Credential) -> bool:
    return checks.is_news(known, versions.held_sequence(before), event)


async def _outcome(event: AnyEvent, before: Credential, after: Credential, trace: Trace, deps: Deps) -> Outcome[None]:
    settled = settle(before, after, trace)
    _check_history(settled)
    decided = await outcome(before, settled, deps)
    return Outcome(changes=decided.changes, events=[*decided.events, *_receipt(event, is_new=after != before)])


def _receipt(event: AnyEvent, *, is_new: bool) -> list[Event]:
    if not event.wants_receipt:
        return []
    record = event.data
    accepted = RecordAccepted(
        addressee=record.department,
        event_id=event.id,
        record_id=record.record_id,
        sequence=record.sequence,
        result="stored" if is_new else "unchanged",
    )
    return [accepted]
