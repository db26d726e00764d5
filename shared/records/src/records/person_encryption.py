"""What describes a person in an event from outside: encrypted to the district, so that no sender needs a common secret.

A compact JWE (RFC 7516): ECDH-ES on P-256 with A256GCM. Its protected header says for which event it was made, and is
authenticated with the content: it counts in no other department's, no other kind of event and of no other record.
Encrypting takes 0.1 ms of processor time, opening 0.15 ms.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from bus.envelope import BrokenMessageError
from runtime.data_files import DataFileError
from standards import base64url, strict_json
from standards.moments import read_moment

PRIVATE_KEYS: Final = "person.key"
"""The district's private keys (JWK Set), the newest first; an older one opens until its `until`."""
PUBLIC_KEYS: Final = "person-keys.json"
"""The public half of the newest, which departments get."""
LONGEST: Final = 32_768
"""Characters of a JWE; the largest record that is allowed takes about 12,000."""

NOT_JWE: Final = "person-not-jwe"
UNKNOWN_KEY: Final = "person-key-unknown"
OTHER_EVENT: Final = "person-of-another-event"
NOT_DECRYPTED: Final = "person-not-decrypted"

_ALGORITHMS: Final = {"alg": "ECDH-ES", "enc": "A256GCM"}
_CURVE: Final = {"kty": "EC", "crv": "P-256"}
_SEGMENTS: Final = 5
_LOOK_EVERY: Final = 5.0
"""Seconds between looks whether the file of keys has changed; an unknown key is looked for at once."""


class _ClosedRegistry(JWERegistry):
    """The two algorithms, the names that bind, a header with the longest record id and the largest record."""

    max_protected_header_length = 4096
    max_ciphertext_length = LONGEST


@dataclass(frozen=True, slots=True)
class Binding:
    """The event that a person's part belongs to, as its envelope and its data name it."""

    source: str
    type: str
    record_id: str

    @property
    def header(self) -> dict[str, str]:
        """Return the entries of the protected header that bind."""
        return {"source": self.source, "type": self.type, "record_id": self.record_id}


_NAMES: Final = {*_ALGORITHMS, "kid", "epk", *Binding("", "", "").header}
_REGISTRY: Final = _ClosedRegistry(
    header_registry={name: HeaderParameter(name, "str", required=True) for name in Binding("", "", "").header},
    algorithms=list(_ALGORITHMS.values()),
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key that departments encrypt to."""

    kid: str
    key: ECKey

    @classmethod
    def from_file(cls, path: Path) -> PublicKey:
        """Read the newest key of a published set. Raises DataFileError."""
        try:
            entry = orjson.loads(path.read_bytes())["keys"][0]
            return cls(str(entry["kid"]), _key({name: entry[name] for name in ("kty", "crv", "x", "y")}))
        except (OSError, LookupError, TypeError, ValueError, JoseError) as error:
            raise DataFileError(f"{path}:1: the district's public key can't be used: {error!r}") from error

    def encrypt(self, content: Mapping[str, object], binding: Binding) -> str:
        """Return a person's part of the event that it is bound to."""
        header = {**_ALGORITHMS, "kid": self.kid, **binding.header}
        return jwe.encrypt_compact(header, orjson.dumps(content), self.key, registry=_REGISTRY)


class PrivateKeys:
    """Opens what was encrypted to the district. The file is read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises DataFileError."""
        self._path = path
        self._keys: Mapping[str, tuple[ECKey, datetime | None]] = {}
        self._changed = -1
        self._looked = 0.0
        self._read()

    def decrypt(self, person: str, binding: Binding) -> dict[str, object]:
        """Return what is said of a person. Raises BrokenMessageError naming `/data/person`."""
        header = header_of(person)
        key = self._find(str(header["kid"]))
        if key is None:
            raise _fault(UNKNOWN_KEY, "the id of a key that is published and has not ended")
        check_binding(header, binding)
        try:
            content = jwe.decrypt_compact(person, key, registry=_REGISTRY).plaintext or b""
        except Exception as error:  # whatever a library makes of what a stranger has written
            raise _fault(NOT_DECRYPTED, "a JWE to the district's key, as it was made") from error
        return _object(content)

    def _find(self, kid: str) -> ECKey | None:
        if kid not in self._keys or time.monotonic() - self._looked > _LOOK_EVERY:
            self._read()
        key, until = self._keys.get(kid, (None, None))
        return None if until is not None and until < datetime.now(UTC) else key

    def _read(self) -> None:
        """Read the file if it has changed. What was known stays when it can't be read; at the start that raises."""
        self._looked = time.monotonic()
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                self._keys = dict(_keys_in(orjson.loads(self._path.read_bytes())["keys"]))
                self._changed = changed
        except (OSError, LookupError, TypeError, ValueError, JoseError) as error:
            if self._changed < 0:
                raise DataFileError(f"{self._path}:1: the district's keys can't be used: {error!r}") from error


def header_of(person: str) -> Mapping[str, object]:
    """Return the protected header, checked as far as it can be without a key. Raises BrokenMessageError."""
    parts = person.split(".") if len(person) <= LONGEST else []
    if len(parts) != _SEGMENTS or parts[1]:
        raise _fault(NOT_JWE, f"a compact JWE with an empty encrypted key, at most {LONGEST} characters")
    try:
        header = strict_json.loads(base64url.decode(parts[0]))
    except ValueError as error:
        raise _fault(NOT_JWE, "a protected header in JSON, each name once") from error
    if not isinstance(header, dict) or set(header) != _NAMES:
        raise _fault(NOT_JWE, f"a protected header with {', '.join(sorted(_NAMES))} and nothing else")
    if any(header[name] != value for name, value in _ALGORITHMS.items()):
        raise _fault(NOT_JWE, 'alg "ECDH-ES" and enc "A256GCM"')
    epk = header["epk"]
    is_right = isinstance(epk, dict) and set(epk) == {*_CURVE, "x", "y"}
    if not is_right or any(epk[name] != value for name, value in _CURVE.items()):
        raise _fault(NOT_JWE, "an ephemeral public key on the curve P-256")
    return header


def check_binding(header: Mapping[str, object], binding: Binding) -> None:
    """Raise BrokenMessageError for what was encrypted for another event."""
    wrong = [name for name, value in binding.header.items() if header[name] != value]
    if wrong:
        raise _fault(OTHER_EVENT, f"{', '.join(wrong)} of this event in the protected header")


def _key(entry: Mapping[str, Any]) -> ECKey:
    """Return a key. Raises JoseError or ValueError for none on P-256."""
    key = ECKey.import_key(dict(entry))
    if key.curve_name != _CURVE["crv"]:
        raise ValueError(f"a key on {_CURVE['crv']}, not on {key.curve_name}")
    return key


def _keys_in(entries: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[ECKey, datetime | None]]]:
    for entry in entries:
        key = _key({name: entry[name] for name in ("kty", "crv", "x", "y", "d")})
        yield str(entry["kid"]), (key, read_moment(entry["until"]) if entry.get("until") else None)


def _object(content: bytes) -> dict[str, object]:
    try:
        said = strict_json.loads(content)
    except ValueError as error:
        raise _fault(NOT_DECRYPTED, "JSON in UTF-8 within it, each name once") from error
    if not isinstance(said, dict):
        raise _fault(NOT_DECRYPTED, "a JSON object within it")
    return cast("dict[str, object]", said)


def _fault(reason: str, rule: str) -> BrokenMessageError:
    return BrokenMessageError(reason, "/data/person", rule)
