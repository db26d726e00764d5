"""Which credential a document is that people approved, or an application granted: one document, one valid credential.

A document is told by its type, its holder and its own number. One without a number is the held one that people said it
is, or one that agrees with it in every field. Where that leaves a held one that it may be, a person is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from credential_store.domain.credential import REVOKED, SUSPENDED, VALID, Credential, Ending, Value
from credential_store.domain.document_types import DocumentType
from credential_store.domain.identifiers import Fields, number_in, plain
from credential_store.domain.status import REPLACED, status_on


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of which document it is: `key` names who said it, as in `Said`.

    `beside` is the id of the credential that people said it is, unless its own number says otherwise; `other_than` are
    those that they said it is not.
    """

    key: str
    beside: str | None = None
    other_than: Collection[str] = ()


def same_document(
    kind: DocumentType, fields: Fields, held: Sequence[Credential], told: Told, day: date
) -> Credential | None:
    """Return which of a holder's credentials of this type these fields are a new version of; None: none, or unclear.

    One that counts comes first. One that has ended is continued only where none that counts may be the document.
    """
    ordered = sorted(held, key=lambda each: each.id)
    known = next((each for each in ordered if any(issue.said.key == told.key for issue in each.issues)), None)
    if known is not None:
        return known
    counting = [each for each in ordered if counts(each, day)]
    if kind.record_field is None and len(counting) == 1:
        return counting[0]  # a holder has only one
    number = _number(kind, fields, held, told)
    alike = [each for each in ordered if _is_told(kind, each, number, fields, told)]
    alike.sort(key=lambda each: number_of(kind, each) != number)
    certain = [each for each in alike if counts(each, day)]
    certain += [each for each in counting if each.id not in told.other_than and _says_all(kind, each, fields)]
    if not certain and not possibly_same(kind, fields, held, told, day):
        certain = alike
    return next(iter(certain), None)


def possibly_same(
    kind: DocumentType, fields: Fields, held: Sequence[Credential], told: Told, day: date
) -> list[Credential]:
    """Return which valid credentials of a holder a document may be that is none of them for certain.

    Different numbers tell documents apart, and so does who said that it is another.
    """
    number = _number(kind, fields, held, told)
    return [
        each
        for each in held
        if counts(each, day)
        and each.id not in told.other_than
        and (number is None or number_of(kind, each) in {None, number})
    ]


def _number(kind: DocumentType, fields: Fields, held: Sequence[Credential], told: Told) -> str | None:
    """Return the document's number: its own, or else that of the one that people said it is."""
    own = number_in(kind, fields)
    beside = next((each for each in held if each.id == told.beside), None)
    return number_of(kind, beside) if own is None and beside is not None else own


def _is_told(kind: DocumentType, credential: Credential, number: str | None, fields: Fields, told: Told) -> bool:
    """Tell whether a credential has the document's number, or people said that it is it and no number contradicts."""
    known = number_of(kind, credential)
    if credential.id == told.beside:
        return number_in(kind, fields) in {None, known} or known is None
    return number is not None and known == number


def is_the_record(kind: DocumentType, fields: Fields, district: Credential) -> bool:
    """Tell whether a department's record is certainly the document that the district vouches for in a credential."""
    number, known = number_in(kind, fields), number_of(kind, district)
    if kind.record_field is None or (number is not None and known is not None):
        return number == known
    return _agrees(kind, district.current.content.fields if district.current else {}, fields)


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
    if older is None or newer is None or older.content.voice != "district" or not counts(district, day):
        return district, department
    if older.said.at >= newer.said.at:
        return district, _ended(department, older.said.at)
    named = newer.model_copy(update={"predecessor": newer.predecessor or older.identifier})
    return _ended(district, newer.said.at), department.model_copy(update={"issues": (*department.issues[:-1], named)})


def merged(one: Credential, other: Credential, day: date) -> tuple[Credential, Credential]:
    """Return two credentials of one document, in this order: where both count, the one with the earlier word ends."""
    if one.current is None or other.current is None or not (counts(one, day) and counts(other, day)):
        return one, other
    if one.current.said.at >= other.current.said.at:
        return one, _ended(other, one.current.said.at)
    return _ended(one, other.current.said.at), other


def _ended(credential: Credential, at: datetime) -> Credential:
    current = credential.issues[-1]
    if current.ended is not None:
        return credential
    ended = current.model_copy(update={"ended": Ending(status=REVOKED, reason=REPLACED, at=at)})
    return credential.model_copy(update={"issues": (*credential.issues[:-1], ended)})


def counts(credential: Credential, day: date) -> bool:
    """Tell whether a credential is valid on that day, or only suspended."""
    return status_on(credential, day) in {VALID, SUSPENDED}


def _says_all(kind: DocumentType, credential: Credential, fields: Fields) -> bool:
    number, known = number_in(kind, fields), number_of(kind, credential)
    if number is not None and known is not None and number != known:
        return False
    return _agrees(kind, fields, credential.current.content.fields if credential.current else {})


def _agrees(kind: DocumentType, fields: Fields, said: Fields) -> bool:
    """Tell whether all of these fields stand in what is said with the same value, more than the holder's name."""
    telling = {name: value for name, value in fields.items() if name != kind.record_field}
    equal = all(name in said and plain(said[name]) == plain(value) for name, value in telling.items())
    return equal and bool(telling.keys() - {kind.name_field})
