"""Status lists that somebody fetched: what they say of a presentation, checked without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from credential_store.domain import status_list
from credential_store.domain.signed import LIST_TYP
from credential_store.domain.status_list import PURPOSES, Purpose
from credential_store.domain.verdict import VerificationVerdict
from runtime.json_signatures import Payload, PublicKeys, SignatureError


class NotThatListError(Exception):
    """A text that is no status list of ours, or one that is too old to go by."""


def read(text: str, keys: PublicKeys, now: datetime) -> Payload:
    """Return a list's claims. Raises NotThatListError."""
    try:
        claims = keys.verify(text.strip(), LIST_TYP)
        is_current = now <= datetime.fromisoformat(claims["validUntil"])
    except SignatureError as error:
        raise NotThatListError(error.fault) from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotThatListError("malformed") from error
    if not is_current:
        raise NotThatListError("expired")
    return claims


def by_address(lists: Sequence[Payload]) -> Mapping[str, Payload]:
    """Return lists by the address that each of them bears itself: another one put in its place is not taken for it."""
    return {str(each["id"]): each for each in lists}


def marks(verdict: VerificationVerdict, lists: Mapping[str, Payload]) -> dict[Purpose, bool | None]:
    """Return for each purpose whether the bit is set; None where its list is missing. Raises ValueError."""
    return {purpose: _mark(verdict, purpose, lists) for purpose in PURPOSES if purpose in verdict.entries}


def _mark(verdict: VerificationVerdict, purpose: Purpose, lists: Mapping[str, Payload]) -> bool | None:
    found = lists.get(verdict.entries[purpose])
    if found is None or verdict.place is None or found["credentialSubject"]["statusPurpose"] != purpose:
        return None
    return status_list.is_set(found["credentialSubject"]["encodedList"], verdict.place.index)
