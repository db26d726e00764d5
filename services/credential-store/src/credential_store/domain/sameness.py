"""Which credential a document is that people approved, or an application granted: one document, one valid credential.

A document is told by its type, its holder and its own number. One without a number is the held one beside which people
approved it, or one that agrees with it in every field.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from credential_store.domain.credential import REVOKED, SUSPENDED, VALID, Credential, Ending, Value
from credential_store.domain.document_types import DocumentType
from credential_store.domain.identifiers import Fields, number_in, plain
from credential_store.domain.standing import REPLACED, status_on


def same_document(
    kind: DocumentType, fields: Fields, held: Sequence[Credential], beside: str | None, day: date
) -> Credential | None:
    """Return which of a holder's credentials of this type these fields are a new version of; None: it is another one.

    `beside` is the id of the one beside which people approved it. Those that count come before those that ended.
    """
    ordered = sorted(held, key=lambda each: (not _counts(each, day), each.id))
    number = number_in(kind, fields)
    nearest = next((each for each in ordered if each.id == beside), None)
    if nearest is not None and (number is None or number_of(kind, nearest) in {None, number}):
        return nearest
    if number is not None:
        return next((each for each in ordered if number_of(kind, each) == number), None)
    counting = [each for each in ordered if _counts(each, day)]
    if kind.record_field is None and len(counting) == 1:
        return counting[0]  # a holder has only one
    return next((each for each in counting if _says_all(each, fields)), None)


def number_of(kind: DocumentType, credential: Credential) -> str | None:
    """Return the number that a credential's newest version states."""
    return number_in(kind, credential.current.content.fields) if credential.current else None


def completed(kind: DocumentType, fields: Fields, held: Credential) -> dict[str, Value]:
    """Return the fields of a new version of a numbered document: what people did not say stays as it was."""
    known = held.current.content.fields if held.current and kind.record_field else {}
    return {**known, **fields}


def yielding(district: Credential, department: Credential, day: date) -> tuple[Credential, Credential]:
    """Return what the district vouched for and a department's record of the same document, of which one ends.

    The later word counts; where that is the department's, its version names the district's as its predecessor.
    """
    older, newer = district.current, department.current
    if older is None or newer is None or older.content.voice != "district" or not _counts(district, day):
        return district, department
    if older.said.at >= newer.said.at:
        return district, _ended(department, older.said.at)
    named = newer.model_copy(update={"predecessor": newer.predecessor or older.identifier})
    return _ended(district, newer.said.at), department.model_copy(update={"issues": (*department.issues[:-1], named)})


def _ended(credential: Credential, at: datetime) -> Credential:
    current = credential.issues[-1]
    if current.ended is not None:
        return credential
    ended = current.model_copy(update={"ended": Ending(status=REVOKED, reason=REPLACED, at=at)})
    return credential.model_copy(update={"issues": (*credential.issues[:-1], ended)})


def _counts(credential: Credential, day: date) -> bool:
    return status_on(credential, day) in {VALID, SUSPENDED}


def _says_all(credential: Credential, fields: Fields) -> bool:
    said = credential.current.content.fields if credential.current else {}
    return bool(fields) and all(name in said and plain(said[name]) == plain(value) for name, value in fields.items())
