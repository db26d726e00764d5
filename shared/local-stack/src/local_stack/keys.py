"""The development keys: made once, readable by their owner only, kept under `var/keys`."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from local_stack.event_keys import ensure_event_keys
from local_stack.event_secrets import ensure_event_secrets
from local_stack.failure import StackError
from local_stack.person_keys import ensure_person_keys
from local_stack.secret_files import once, replace
from local_stack.signing_keys import (
    AGREEMENT_KEY,
    AGREEMENT_PUBLIC_KEY,
    CREDENTIAL_KEY,
    RECORD_KEY,
    RECORD_PUBLIC_KEY,
    new_signing_key,
    public_halves,
    with_new_key,
)

ALGORITHM = "ES256"
ISSUER_KEY = "issuer.pem"
PUBLIC_KEYS = "jwks.json"
BLIND_INDEX_KEY = "blind-index.key"
STORE_KEY = "store.key"
BLIND_INDEX_BYTES = 32
STORE_KEY_BYTES = 96
PORTAL_KEY = "portal.key"
PORTAL_KEY_BYTES = 32
CLIENT_SECRET = "portal-client.key"  # noqa: S105 - the name of a file
SERVICES_SECRET = "introspection.key"  # noqa: S105 - the name of a file
"""By which the identity provider knows the services that ask whether a token still counts."""


def ensure_keys(folder: Path) -> None:
    """Make what is missing: the issuer's key pair, the blind index's key (hex), the store's master key.

    And the keys that sign credentials, agreements and heads of the record, PEM; the latter two's public halves apart,
    for who checks them; what the portal seals sessions with, and by what the identity provider knows it; what signs
    events, what encrypts them, and what departments encrypt to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    once(folder / ISSUER_KEY, new_private_key)
    once(folder / BLIND_INDEX_KEY, _new_blind_index_key)
    once(folder / STORE_KEY, new_store_key)
    once(folder / PORTAL_KEY, _new_portal_key)
    once(folder / CLIENT_SECRET, _new_client_secret)
    once(folder / SERVICES_SECRET, _new_client_secret)
    once(folder / CREDENTIAL_KEY, new_signing_key)
    once(folder / AGREEMENT_KEY, new_signing_key)
    once(folder / AGREEMENT_PUBLIC_KEY, lambda: public_halves((folder / AGREEMENT_KEY).read_bytes()))
    once(folder / RECORD_KEY, new_signing_key)
    once(folder / RECORD_PUBLIC_KEY, lambda: public_halves((folder / RECORD_KEY).read_bytes()))
    ensure_event_keys(folder)
    ensure_person_keys(folder)
    ensure_event_secrets(folder)
    once(folder / PUBLIC_KEYS, lambda: _key_set(public_jwk(issuer_key(folder))))


def rotate_issuer_key(folder: Path) -> str:
    """Sign with a new key from now on; the one before it stays valid until the next time. Return the new key's id."""
    ensure_keys(folder)
    before = json.loads((folder / PUBLIC_KEYS).read_bytes())["keys"][0]
    pem = new_private_key()
    new = _public_half(pem)
    replace(folder / PUBLIC_KEYS, _key_set(new, before))  # known everywhere before anything is signed with it
    replace(folder / ISSUER_KEY, pem)
    return str(new["kid"])


def rotate_signing_keys(folder: Path) -> None:
    """Sign with new keys from the next start on; what older ones signed goes on counting."""
    ensure_keys(folder)
    apart = {AGREEMENT_KEY: AGREEMENT_PUBLIC_KEY, RECORD_KEY: RECORD_PUBLIC_KEY}
    for name in (CREDENTIAL_KEY, *apart):
        rotated = with_new_key((folder / name).read_bytes())
        if name in apart:
            replace(folder / apart[name], public_halves(rotated))  # known before anything is signed with it
        replace(folder / name, rotated)


def issuer_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Read the issuer's private key. Raises StackError when it is not one."""
    key = load_pem_private_key((folder / ISSUER_KEY).read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StackError(
            f"{folder / ISSUER_KEY} is not an elliptic-curve key; remove it and {PUBLIC_KEYS} to have new ones made"
        )
    return key


def key_id(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the id under which services find the public key: the start of its SHA-256."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:16]


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    """Return the public half as a JSON Web Key."""
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": key_id(key), "alg": ALGORITHM, "use": "sig"}


def new_private_key() -> bytes:
    """Return a new private key for signatures, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_half(pem: bytes) -> dict[str, object]:
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - it was just made
    return public_jwk(key)


def _key_set(*keys: dict[str, object]) -> bytes:
    return f"{json.dumps({'keys': keys}, indent=2)}\n".encode()


def new_store_key() -> bytes:
    """Return a line of `store.key`: a master key of the store, in base64."""
    return base64.b64encode(secrets.token_bytes(STORE_KEY_BYTES)) + b"\n"


def _new_portal_key() -> bytes:
    return f"{secrets.token_hex(PORTAL_KEY_BYTES)}\n".encode()


def _new_client_secret() -> bytes:
    return f"{secrets.token_urlsafe(PORTAL_KEY_BYTES)}\n".encode()


def _new_blind_index_key() -> bytes:
    return f"{secrets.token_hex(BLIND_INDEX_BYTES)}\n".encode()
