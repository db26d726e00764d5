"""Selective disclosure (SD-JWT, RFC 9901): what is signed are salted digests, and the holder shows whatever is asked.

`<signed>~<disclosure>~…~`, and behind the last tilde, where the holder has a key of their own, the proof that it is
they who show it. Only what we issue is taken: flat fields of the credential's subject.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self

import orjson

from credential_store.domain.credential import Value
from standards import base64url, strict_json

LARGEST: Final = 32 * 1024
"""Characters of a presentation. The largest that we issue has about a tenth of that."""
_MOST: Final = 64
"""Disclosures; no document type has half as many fields."""
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_FULL: Final = 8
"""Digests are signed in eights, whatever of them are decoys: no document type has more than eight things to show."""
_RESERVED: Final = {"_sd", "_sd_alg", "..."}
_FORM = re.compile(r"(?P<signed>[A-Za-z0-9_.-]+)~(?P<shown>(?:[A-Za-z0-9_-]+~)*)(?P<proof>[A-Za-z0-9_.-]*)")

Subject = Mapping[str, Any]


class NotSdJwtError(Exception):
    """A text that is no SD-JWT."""


class AlteredError(Exception):
    """Something is shown that the issuer did not sign, or twice."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field that can be shown: its text, and the digest by which it was signed."""

    text: str
    name: str
    value: Value

    @classmethod
    def of(cls, name: str, value: Value, salt: bytes) -> Self:
        """Salt a field."""
        spelt = orjson.dumps([base64url.encode(salt), name, value])
        return cls(base64url.encode(spelt), name, value)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a disclosure. Raises NotSdJwtError."""
        try:
            match strict_json.loads(base64url.decode(text)):
                case [str(), str() as name, value] if name not in _RESERVED:
                    return cls(text, name, _value(value))
        except ValueError as error:
            raise NotSdJwtError from error
        raise NotSdJwtError

    @property
    def digest(self) -> str:
        """What was signed of it: the SHA-256 of its text."""
        return base64url.encode(sha256(self.text.encode()).digest())


@dataclass(frozen=True, slots=True)
class SdJwt:
    """What the issuer signed, what is shown of it, and the holder's proof, if there is one."""

    signed: str
    shown: Sequence[Disclosure]
    proof: str | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a presentation apart, checking nothing but its form. Raises NotSdJwtError."""
        found = _FORM.fullmatch(text) if len(text) <= LARGEST else None
        if found is None or found["shown"].count("~") > _MOST:
            raise NotSdJwtError
        shown = tuple(Disclosure.read(each) for each in found["shown"].split("~")[:-1])
        return cls(found["signed"], shown, found["proof"] or None)

    @property
    def unproven(self) -> str:
        """The text without the holder's proof: what that is about."""
        return "~".join((self.signed, *(each.text for each in self.shown), ""))

    @property
    def text(self) -> str:
        return self.unproven + (self.proof or "")

    @property
    def proven_digest(self) -> str:
        """The digest that the holder's proof must name (RFC 9901, section 4.3)."""
        return base64url.encode(sha256(self.unproven.encode()).digest())

    def showing(self, names: Iterable[str]) -> SdJwt:
        """Return it with only these fields shown."""
        wanted = set(names)
        return SdJwt(self.signed, tuple(each for each in self.shown if each.name in wanted), self.proof)


def hide(fields: Mapping[str, Value]) -> tuple[dict[str, list[str]], Sequence[Disclosure]]:
    """Return what is signed of fields, and what shows them again.

    What is signed are their digests among decoys (RFC 9901, section 4.2.5), sorted: neither number nor order tells
    what there is.
    """
    salts = _random(_SALT_BYTES, len(fields))
    disclosures = tuple(
        Disclosure.of(name, value, salt) for (name, value), salt in zip(fields.items(), salts, strict=True)
    )
    decoys = [base64url.encode(digest) for digest in _random(_DIGEST_BYTES, -len(disclosures) % _FULL)]
    return {"_sd": sorted([*decoys, *(each.digest for each in disclosures)])}, disclosures


def reveal(subject: Subject, shown: Sequence[Disclosure]) -> dict[str, Value]:
    """Return the fields that are shown. Raises AlteredError when one of them was not signed, or comes twice."""
    signed = set(subject.get("_sd", ()))
    fields: dict[str, Value] = {}
    for each in shown:
        if each.digest not in signed or each.name in fields or each.name in subject:
            raise AlteredError
        fields[each.name] = each.value
    return fields


def _random(size: int, count: int) -> list[bytes]:
    """Return so many random values, of so many bytes each, drawn at once."""
    drawn = secrets.token_bytes(size * count)
    return [drawn[start : start + size] for start in range(0, size * count, size)]


def _value(value: object) -> Value:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise NotSdJwtError
