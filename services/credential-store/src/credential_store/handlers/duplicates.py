"""Whether a document is one that is held already: asked of a person where it can't be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from bus.event import NOTHING, Event, NotYet, Outcome
from credential_store.domain import sameness
from credential_store.domain.credential import Credential, CredentialContent
from credential_store.domain.held_credentials import HeldCredentials
from credential_store.domain.sameness import Told
from credential_store.domain.status import Trace, settle, visible_fields
from credential_store.events import DuplicateSuspected, HeldDocument, Resident
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.issuance import outcome
from credential_store.views import DuplicateChecked, ReviewApproved
from runtime.clock import today


def of_approval(approved: ReviewApproved, held: Sequence[Credential]) -> DuplicateSuspected:
    """Ask whether a document that people approved, and of which nothing is stored yet, is one that is held."""
    return DuplicateSuspected(
        task_id=approved.task_id,
        application_id=approved.application_id,
        credential_id=None,
        document_type=approved.document_type,
        holder=Resident(resident_id=approved.holder.resident_id, index=approved.holder.index),
        fields={name: value for name, value in approved.fields.items() if value != approved.holder.index},
        held=[_held(each) for each in held],
        other_than=sorted(approved.other_than or ()),
    )


def of_credential(
    stored: Credential, content: CredentialContent, held: Sequence[Credential], other_than: Collection[str] = ()
) -> DuplicateSuspected:
    """Ask whether a document that was granted or published, and is stored, is one that is held beside it.

    At least one of them is what the district vouches for: so its holder's resident id is known.
    """
    return DuplicateSuspected(
        task_id=None,
        application_id=content.application_id,
        credential_id=stored.id,
        document_type=stored.document_type,
        holder=Resident(resident_id=_resident_of(stored, *held), index=stored.holder.index),
        fields={name: value for name, value in content.fields.items() if value != stored.holder.index},
        held=[_held(each) for each in held],
        other_than=sorted(other_than),
    )


def listed(stored: Sequence[Outcome[None]], holding: HeldCredentials, deps: Deps, *asked: Event) -> Outcome[None]:
    """Write the list of the person's credentials with what is stored, all together; nothing where nothing is."""
    changes = [change for each in stored for change in each.changes]
    events = [told for each in stored for told in each.events]
    if not changes:
        return Outcome(events=events)
    return Outcome(changes=[*changes, deps.holdings.save(holding)], events=[*events, *asked])


def ids_in(holding: HeldCredentials, deps: Deps) -> set[str]:
    """Return the ids of a person's credentials of a type, with that of the only one where anybody has only one."""
    kind = deps.types.document_types.get(holding.document_type)
    if kind is not None and kind.record_field is not None:
        return set(holding.credentials)
    return {*holding.credentials, *deps.ids.of(holding.index, holding.document_type)}


async def held_in(holding: HeldCredentials, deps: Deps) -> list[Credential]:
    """Return what a person holds of a type."""
    found = await deps.credentials.many(sorted(ids_in(holding, deps)))
    return [each for each in found if each is not None and each.current is not None]


async def merge(answered: DuplicateChecked, cause: str, deps: Deps) -> Outcome[None]:
    """Let one of two stored credentials end that a person found to be one document.

    Where the other has been replaced meanwhile, a person is asked about what replaced it. Raises NotYet for a
    credential that is not known.
    """
    if answered.credential_id is None or answered.same_as is None:
        return NOTHING
    holding = await deps.holdings.of(answered.holder.index, answered.document_type)
    found = {each.id: each for each in await held_in(holding, deps)}
    missing = {answered.credential_id, answered.same_as} - found.keys()
    if missing:
        raise NotYet(f"credential {min(missing)} is not known")
    stored, same = found[answered.credential_id], found[answered.same_as]
    trace = Trace(at=deps.clock(), by=answered.checked_by, cause=cause)
    day = today(trace.at)
    if sameness.counts(stored, day) and not sameness.counts(same, day):
        return Outcome(events=_asked_again(stored, answered, found.values(), day, deps))
    one, other = sameness.merged(stored, same, day)
    ended = [
        await outcome(stored, settle(stored, one, trace), deps),
        await outcome(same, settle(same, other, trace), deps),
    ]
    return listed(ended, holding, deps)


def _asked_again(
    stored: Credential, answered: DuplicateChecked, held: Collection[Credential], day: date, deps: Deps
) -> list[Event]:
    content, kind = stored.issues[-1].content, deps.types.of(stored.document_type)
    told = Told(stored.id, beside=answered.same_as, other_than={stored.id, *answered.other_than})
    others = [each for each in held if "district" in {content.voice, each.issues[-1].content.voice}]
    doubtful = sameness.possibly_same(kind, content.fields, others, told, day)
    return [of_credential(stored, content, doubtful, answered.other_than)] if doubtful else []


def _resident_of(*credentials: Credential) -> str:
    return next(each.holder.resident_id for each in credentials if each.holder.resident_id is not None)


def _held(credential: Credential) -> HeldDocument:
    issue = credential.issues[-1]
    return HeldDocument(
        credential_id=credential.id,
        identifier=issue.identifier,
        fields=visible_fields(credential, issue),
        origin=issue.content.origin,
        valid_from=issue.content.valid_from,
        valid_until=issue.content.valid_until,
    )
