"""The numbers of a credential: its id, and the electronic credential identifier (GB/T 36904) of each version.

Both follow from whose document it is, so a message that comes twice can never make a second credential, and an
identifier leads back to its credential without a look-up table.
"""

from __future__ import annotations

from hashlib import sha256

from credential_store.domain.document_types import DocumentType, Numbering
from standards import credential_identifier

_PREFIX = "crd_"
_SERIAL_CHARACTERS = 20
_VERSIONS = 999


def credential_id(index: str, document_type: str, record: str = "", department: str = "") -> str:
    """Return the id of a holder's document; `department` for a department's own record, which is one apart."""
    digest = sha256(f"{index}\n{document_type}\n{department}\n{record}".encode()).hexdigest()
    return _PREFIX + digest[:_SERIAL_CHARACTERS]


def record_of(kind: DocumentType, fields: dict[str, str | bool | int | list[str]], otherwise: str) -> str:
    """Return what tells this document from others of its type, "" where a holder has only one."""
    if kind.record_field is None:
        return ""
    return str(fields.get(kind.record_field) or otherwise)


def identifier(numbering: Numbering, id: str, number: int) -> str:
    """Return the identifier of a credential's version; past 999 the serial gets a suffix and versions start over."""
    generation, version = divmod(number - 1, _VERSIONS)
    serial = id.removeprefix(_PREFIX).upper() + (f"G{generation}" if generation else "")
    return credential_identifier.issue(numbering.type_code, numbering.issuer_code, serial, version + 1)


def credential_of(serial: str) -> str:
    """Return the id of the credential that an identifier's serial belongs to."""
    return _PREFIX + serial[:_SERIAL_CHARACTERS].lower()
