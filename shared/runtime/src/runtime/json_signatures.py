"""What a service signs for people outside to check: JSON Web Signatures (RFC 7515, ES256) under keys from a file.

A key file is PEM, newest key first: the first block signs, every block stays published, so what an older key signed
is verified for as long as its public half stands in the file. A key's id is its thumbprint (RFC 7638).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from runtime.data_files import DataFileError
from standards import base64url, strict_json

Payload = dict[str, Any]
"""What was signed, once its signature has been checked."""
Fault = Literal["malformed", "wrong-kind", "unknown-issuer", "bad-signature"]

ALGORITHM: Final = "ES256"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
"""Three parts in base64url; an ES256 signature has 64 bytes."""
_HEADER: Final = {"alg", "typ", "kid"}
_ECDSA: Final = ECDSA(SHA256())
_NUMBER_BYTES: Final = 32
"""Of each of the two numbers that are a signature (RFC 7518, section 3.4)."""


class SignatureError(Exception):
    """What is presented as signed is not: `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys under which something may have been signed, by id, newest first; there is at least one."""

    keys: Mapping[str, ECKey]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a key file, of which only the public halves are kept. Raises DataFileError."""
        return cls({_id(key): _public(key) for key in _read(path)})

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> Self:
        """Take a JSON Web Key Set (RFC 7517). Raises ValueError for one that has no P-256 key, or something else."""
        try:
            keys = [_public(_p256(ECKey.import_key(dict(each)))) for each in jwks["keys"]]
        except (KeyError, TypeError, ValueError, AttributeError, JoseError) as error:
            message = f"not a set of P-256 keys: {error}"
            raise ValueError(message) from error
        if not keys:
            message = "a set without keys"
            raise ValueError(message)
        return cls({_id(key): key for key in keys})

    def jwks(self) -> Payload:
        """Return them as a JSON Web Key Set, for everybody to read."""
        return {"keys": [{**key.as_dict(private=False), **_about(id_)} for id_, key in self.keys.items()]}

    def verify(self, text: str, typ: str) -> Payload:
        """Return what was signed as a `typ`. Raises SignatureError.

        A signature under an unknown key is checked all the same, in vain, so that every answer takes as long.
        """
        header = _header(text)
        kid = header.get("kid")
        known = self.keys.get(kid) if isinstance(kid, str) else None
        try:
            payload = _checked(text, known or next(iter(self.keys.values())))
        except SignatureError as error:
            raise SignatureError(error.fault if known else "unknown-issuer") from error
        if known is None:
            raise SignatureError("unknown-issuer")
        return _of_kind(payload, header, typ)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The key that signs, and all that are published."""

    private: EllipticCurvePrivateKey
    kid: str
    public: PublicKeys

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a key file whose first block is a private key. Raises DataFileError naming file and line."""
        keys = _read(path)
        if not keys[0].is_private:
            message = f"{path}:1: the first key must be a private one: it signs"
            raise DataFileError(message)
        return cls.of(*keys)

    @classmethod
    def of(cls, newest: ECKey, *older: ECKey) -> Self:
        """Take the key that signs, and those that did before."""
        assert newest.private_key is not None  # noqa: S101 - whoever has one of these signs
        return cls(newest.private_key, _id(newest), PublicKeys({_id(key): _public(key) for key in (newest, *older)}))

    def sign(self, payload: Mapping[str, object], typ: str) -> str:
        """Return the payload signed as a `typ`, in the compact form."""
        header = {"alg": ALGORITHM, "typ": typ, "kid": self.kid}
        text = ".".join(base64url.encode(orjson.dumps(part)) for part in (header, payload))
        numbers = decode_dss_signature(self.private.sign(text.encode(), _ECDSA))
        return f"{text}.{base64url.encode(b''.join(number.to_bytes(_NUMBER_BYTES) for number in numbers))}"


def verify_with(jwk: Mapping[str, Any], text: str, typ: str) -> Payload:
    """Return what the owner of a key signed as a `typ`. Raises SignatureError, ValueError for what is no such key."""
    (key,) = PublicKeys.from_jwks({"keys": [jwk]}).keys.values()
    header = _header(text)
    return _of_kind(_checked(text, key), header, typ)


def kind_of(text: str) -> object:
    """Return the `typ` that a signed text claims to be of, unchecked. Raises SignatureError for what is no JWS."""
    return _header(text).get("typ")


def _header(text: str) -> Payload:
    """Read a header, which nobody has vouched for yet: no other algorithm, and nothing that we would have to heed."""
    if not _COMPACT.fullmatch(text):
        raise SignatureError("malformed")
    try:
        header = strict_json.loads(base64url.decode(text.partition(".")[0]))
    except ValueError as error:
        raise SignatureError("malformed") from error
    if not isinstance(header, dict) or not header.keys() <= _HEADER or header.get("alg") != ALGORITHM:
        raise SignatureError("malformed")
    return header


def _checked(text: str, key: ECKey) -> object:
    """Return what was signed, once its signature has been checked, which has been made sure to have 64 bytes."""
    signed, _, signature = text.rpartition(".")
    try:
        both = base64url.decode(signature)
        numbers = encode_dss_signature(int.from_bytes(both[:_NUMBER_BYTES]), int.from_bytes(both[_NUMBER_BYTES:]))
        key.public_key.verify(numbers, signed.encode(), _ECDSA)
        return strict_json.loads(base64url.decode(signed.partition(".")[2]))
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("bad-signature") from error


def _of_kind(payload: object, header: Payload, typ: str) -> Payload:
    if header.get("typ") != typ:
        raise SignatureError("wrong-kind")
    if not isinstance(payload, dict):
        raise SignatureError("malformed")
    return payload


def _read(path: Path) -> list[ECKey]:
    try:
        blocks = [found.group(0) for found in _BLOCK.finditer(path.read_bytes())]
        keys = [_p256(ECKey.import_key(block)) for block in blocks]
    except (OSError, ValueError, JoseError) as error:
        message = f"{path}:1: the signing keys can't be used: {error}"
        raise DataFileError(message) from error
    if not keys:
        message = f"{path}:1: there is no key in it"
        raise DataFileError(message)
    return keys


def _p256(key: ECKey) -> ECKey:
    if key.curve_name != "P-256":
        message = "an ES256 key is on the curve P-256"
        raise ValueError(message)
    return key


def _public(key: ECKey) -> ECKey:
    return ECKey.import_key(key.as_dict(private=False))


def _id(key: ECKey) -> str:
    return key.thumbprint()


def _about(id_: str) -> dict[str, str]:
    return {"kid": id_, "alg": ALGORITHM, "use": "sig"}
