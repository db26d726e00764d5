"""The numbers of a credential: its id, and the electronic credential identifier (GB/T 36904) of each version.

Both follow from whose document it is, so a message that comes twice can never make a second credential, and an
identifier leads back to its credential without a look-up table.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from credential_store.domain.credential import Value
from credential_store.domain.document_types import DocumentType, Numbering
from standards import credential_identifier
from standards.normal_form import normal_text
from standards.script import simplified

Fields = Mapping[str, Value]

_PREFIX = "crd_"
_SERIAL_CHARACTERS = 20
_VERSIONS = 999


def credential_id(index: str, document_type: str, record: str = "", department: str = "") -> str:
    """Return the id of a holder's document; `department` for a department's own record, which is one apart."""
    digest = sha256(f"{index}\n{document_type}\n{department}\n{record}".encode()).hexdigest()
    return _PREFIX + digest[:_SERIAL_CHARACTERS]


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
