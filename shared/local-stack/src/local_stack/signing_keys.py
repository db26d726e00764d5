"""The keys that sign credentials, agreements and heads of the record of accesses.

PEM, the newest first, older ones with their public half only.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

CREDENTIAL_KEY = "credential.key"
AGREEMENT_KEY = "agreement.key"
AGREEMENT_PUBLIC_KEY = "agreement.pub"
RECORD_KEY = "record.key"
RECORD_PUBLIC_KEY = "record.pub"

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)


def new_signing_key() -> bytes:
    """Make a private key for ES256, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def with_new_key(keys: bytes) -> bytes:
    """Put a new private key before the keys of a file, of which only the public halves stay."""
    return new_signing_key() + public_halves(keys)


def public_halves(keys: bytes) -> bytes:
    """Return the public halves of all keys of a file, in their order."""
    return b"".join(_public_half(found.group(0)) for found in _BLOCK.finditer(keys))


def _public_half(block: bytes) -> bytes:
    is_private = b"PRIVATE KEY" in block.partition(b"\n")[0]
    key = load_pem_private_key(block, password=None).public_key() if is_private else load_pem_public_key(block)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
