"""The numbers of a credential: its id, and the electronic credential identifier (GB/T 36904) of each version.

Both follow from whose document it is, so a message that comes twice can never make a second credential, and an
identifier leads back to its credential without a look-up table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from credential_store.domain.credential import Value
from credential_store.domain.document_types import DocumentType, Numbering
from standards import credential_identifier
from standards.normal_form import normal_text, simplified

Fields = Mapping[str, Value]

_PREFIX = "crd_"
_SERIAL_CHARACTERS = 20
_VERSIONS = 999


class Ids(NamedTuple):
    """What leads to a document: its id, and the one that an earlier release gave it, which it then keeps."""

    new: str
    earlier: str


@dataclass(frozen=True, slots=True)
class CredentialIds:
    """Makes ids with `digest`, a hash under a key of this service's store alone.

    Without that key nobody who knows a person's number, or its blind index, works out an identifier, or the other way.
    """

    digest: Callable[[bytes], str]

    def of(self, index: str, document_type: str, record: str = "", department: str = "") -> Ids:
        """Return the ids of a holder's document; `department` for a department's own record, which is one apart."""
        named = _named(index, document_type, record, department)
        return Ids(_PREFIX + self.digest(named)[:_SERIAL_CHARACTERS], _of_digest(named))


def credential_id(index: str, document_type: str, record: str = "", department: str = "") -> str:
    """Return the id that an earlier release gave a holder's document."""
    return _of_digest(_named(index, document_type, record, department))


def _named(index: str, document_type: str, record: str, department: str) -> bytes:
    return f"{index}\n{document_type}\n{department}\n{record}".encode()


def _of_digest(named: bytes) -> str:
    return _PREFIX + sha256(named).hexdigest()[:_SERIAL_CHARACTERS]


def record_of(kind: DocumentType, fields: Fields, otherwise: str) -> str:
    """Return what tells this document from others of its type, "" where a holder has only one."""
    return "" if kind.record_field is None else number_in(kind, fields) or otherwise


def number_in(kind: DocumentType, fields: Fields) -> str | None:
    """Return the number that tells a document from others of its type, in one form; None where it has none."""
    value = fields.get(kind.record_field) if kind.record_field else None
    return None if value is None else str(plain(value)) or None


def plain(value: Value) -> Value:
    """Write a value as it is compared: a text in simplified characters, capitals, without blanks."""
    return "".join(simplified(normal_text(value)).upper().split()) if isinstance(value, str) else value


def identifier(numbering: Numbering, id: str, number: int) -> str:
    """Return the identifier of a credential's version; past 999 the serial gets a suffix and versions start over."""
    generation, version = divmod(number - 1, _VERSIONS)
    serial = id.removeprefix(_PREFIX).upper() + (f"G{generation}" if generation else "")
    return credential_identifier.issue(numbering.type_code, numbering.issuer_code, serial, version + 1)


def credential_of(serial: str) -> str:
    """Return the id of the credential that an identifier's serial belongs to."""
    return _PREFIX + serial[:_SERIAL_CHARACTERS].lower()
