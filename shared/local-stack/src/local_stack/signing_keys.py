"""The keys that sign credentials and agreements: PEM, the newest first, older ones with their public half only."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

CREDENTIAL_KEY = "credential.key"
AGREEMENT_KEY = "agreement.key"
AGREEMENT_PUBLIC_KEY = "agreement.pub"


def new_signing_key() -> bytes:
    """Make a private key for ES256, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_half(private: bytes) -> bytes:
    """Return the public half of a private key, both PEM."""
    key = load_pem_private_key(private, password=None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
