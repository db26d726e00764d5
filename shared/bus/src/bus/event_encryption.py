"""Who can read it: what an event says of people is encrypted for the services that act on it, and for operations.

Its envelope stays in clear, its `data` is empty, and the attribute `encrypted`, `<key id>.<base64url>`, has the data's
JSON: AES-SIV (RFC 5297), bound to the event's id and type, under a key of its publisher and name that only those have
who may read it (`Topology.audiences`). The signature covers it as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from bus.envelope import BrokenMessageError, Envelope
from bus.key_file import EventKeyError, KeyFile
from standards import base64url

KEY_BYTES = 64
"""AES-256 in SIV mode takes two keys."""
KEY_UNKNOWN: Final = "key-unknown"
"""The reason of a message under a key that this service does not have: the file may still come, so it waits."""
NOT_DECRYPTED: Final = "not-decrypted"
"""The reason of a message that was not encrypted as this event, or under another event's key."""


def secrets_file(service: str) -> str:
    """Return the name of the file with the keys of all that a service may read: a JSON Web Key Set, newest first.

    Each key has the name (`event`) of what is encrypted with it, and when it was made.
    """
    return f"event-secrets-{service}.json"


def name_of(event_type: str) -> str:
    """Return the name of an event's key: `<publisher>.<event>`, one for all of its versions."""
    return event_type.rpartition(".v")[0]


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, its id, and the name of what it is for."""

    kid: str
    name: str
    aead: AESSIV


class EventCipher:
    """Encrypts and decrypts what one service may read. `find` gives a key by its id, and the newest one by its name."""

    def __init__(self, find: Callable[[str], Secret | None]) -> None:
        self._find = find

    @classmethod
    def from_file(cls, path: Path, names: Iterable[str] = ()) -> Self:
        """Read a service's keys. Raises EventKeyError, also when one of these names has none."""
        keys = KeyFile(path, _secrets_in)
        missing = sorted(name for name in names if keys.find(name) is None)
        if missing:
            raise EventKeyError(f"{path}:1: there is no key for {', '.join(missing)}")
        return cls(keys.find)

    def encrypt(self, name: str, clear: bytes, *about: str) -> str:
        """Encrypt with the newest key of a name, bound to what it is about; the same always to the same text.

        Raises EventKeyError when there is no key.
        """
        secret = self._find(name)
        if secret is None:
            raise EventKeyError(f"there is no key for {name}: nothing of it is published in clear")
        return f"{secret.kid}.{base64url.encode(secret.aead.encrypt(clear, _bytes(about)))}"

    def decrypt(self, name: str, text: str, *about: str) -> bytes:
        """Decrypt what was encrypted under this name, about this. Raises BrokenMessageError."""
        kid, _, value = text.rpartition(".")
        secret = self._find(kid)
        if secret is None:
            raise BrokenMessageError(KEY_UNKNOWN, "/encrypted", "a key that this service has")
        if secret.name != name:
            raise BrokenMessageError(NOT_DECRYPTED, "/encrypted", f"a key of {name}")
        try:
            return secret.aead.decrypt(base64url.decode(value), _bytes(about))
        except (InvalidTag, ValueError) as error:
            raise BrokenMessageError(NOT_DECRYPTED, "/encrypted", "data encrypted as this very event") from error

    def encrypt_data(self, event_id: str, event_type: str, data: bytes) -> dict[str, Any]:
        """Return the attributes in the place of an event's data. Raises EventKeyError."""
        return {"data": {}, "encrypted": self.encrypt(name_of(event_type), data, event_id, event_type)}

    def decrypted(self, envelope: Envelope) -> Envelope:
        """Return an event with its data in clear. Raises BrokenMessageError."""
        if envelope.encrypted is None:
            return envelope
        return replace(envelope, data=self._data_of(envelope.id, envelope.type, envelope.encrypted))

    def decrypted_event(self, event: object) -> object:
        """Return an event (JSON) with its data in clear; what this service can't read, or is none, stays as it is."""
        if not isinstance(event, dict):
            return event
        id_, type_, encrypted = (event.get(name) for name in ("id", "type", "encrypted"))
        if not (isinstance(id_, str) and isinstance(type_, str) and isinstance(encrypted, str)):
            return event
        try:
            data = self._data_of(id_, type_, encrypted)
        except BrokenMessageError:
            return event
        return {name: data if name == "data" else value for name, value in event.items() if name != "encrypted"}

    def decrypted_body(self, body: bytes) -> bytes:
        """Return an event's body with its data in clear; what this service can't read, or is none, stays as it is."""
        if b'"encrypted":' not in body:
            return body
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
        decrypted = self.decrypted_event(event)
        return body if decrypted is event else orjson.dumps(decrypted)

    def encrypted_event(self, event: Mapping[str, object]) -> dict[str, object]:
        """Return an event (JSON) with its data encrypted, if its type has a key: those of systems outside have none.

        What is encrypted already stays so.
        """
        id_, type_ = str(event.get("id")), str(event.get("type"))
        is_encrypted = "encrypted" in event and not event.get("data")
        if is_encrypted or self._find(name_of(type_)) is None:
            return dict(event)
        return {**event, **self.encrypt_data(id_, type_, orjson.dumps(event.get("data")))}

    def _data_of(self, event_id: str, event_type: str, encrypted: str) -> object:
        clear = self.decrypt(name_of(event_type), encrypted, event_id, event_type)
        try:
            data: object = orjson.loads(clear)
        except orjson.JSONDecodeError as error:
            raise BrokenMessageError(NOT_DECRYPTED, "/encrypted", "data as JSON") from error
        return data


NO_SECRETS = EventCipher(lambda _: None)
"""Of who publishes, and reads, nothing of people that our services encrypt: the systems outside."""


def _secrets_in(entry: Mapping[str, Any]) -> Iterable[tuple[str, Secret]]:
    secret = Secret(str(entry["kid"]), str(entry["event"]), AESSIV(base64url.decode(entry["k"])))
    return (secret.kid, secret), (secret.name, secret)


def _bytes(about: Iterable[str]) -> list[bytes]:
    return [each.encode() for each in about]
