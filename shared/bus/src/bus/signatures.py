"""Who said it: every event is signed by its publisher, and every reader checks that after every hop.

The signature (Ed25519, RFC 8032) is the last attribute of the envelope, `,"signature":"<key id>.<base64url>"}`, and
covers every byte before it, closed with `}`. So it travels with the body wherever that goes, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import OKPKey

from bus.envelope import MAX_BYTES, BrokenMessageError, EncodedEvent, Envelope, decode_event, encode_event
from bus.event import EditedBy, Event, describes_people
from bus.event_encryption import NO_SECRETS, EventCipher
from bus.key_file import EventKeyError, KeyFile
from bus.topology import OPERATIONS, Topology
from standards import base64url
from standards.moments import read_moment

NOT_SIGNED: Final = "not-signed"
"""The reason of a message that its publisher has not signed."""
KEYS_FILE: Final = "event-keys.json"
"""The public halves of all keys: a JSON Web Key Set (RFC 7517), each key with its `owner` and perhaps its end."""

_SUFFIX = re.compile(rb',"signature":"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{86})"\}')
_SUFFIX_BYTES = 146


def key_file(owner: str) -> str:
    """Return the name of the file with an owner's private key."""
    return f"event-{owner}.key"


def public_jwk(key: Ed25519PublicKey, owner: str, until: datetime | None = None) -> dict[str, Any]:
    """Return the entry of a key in the file of all keys; the key's id is its thumbprint (RFC 7638)."""
    jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key.public_bytes_raw())})
    ends = {"until": until.isoformat()} if until else {}
    return {**jwk.as_dict(private=False), "kid": jwk.thumbprint(), "use": "sig", "owner": owner, **ends}


class EventSigner:
    """Signs what one service, department or the city publishes; what a service says of people is encrypted before."""

    def __init__(self, owner: str, key: Ed25519PrivateKey, cipher: EventCipher = NO_SECRETS) -> None:
        self.owner = owner
        self.cipher = cipher
        self._key = key
        self._kid = str(public_jwk(key.public_key(), owner)["kid"])

    @classmethod
    def from_file(cls, owner: str, path: Path, cipher: EventCipher = NO_SECRETS) -> Self:
        """Read a private key (PEM). Raises EventKeyError."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise EventKeyError(f"{path}:1: the key that signs events can't be used: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise EventKeyError(f"{path}:1: the key that signs events must be an Ed25519 key")
        return cls(owner, key, cipher)

    def encode(self, event: Event, *, case: str, cause: str | None) -> EncodedEvent:
        """Put an event into its envelope and sign it.

        Raises BrokenMessageError as `envelope.seal` does, and EventKeyError when it describes people and has no key.
        """
        encrypt = self.cipher.encrypt_data if describes_people(type(event)) else None
        sealed = encode_event(event, source=self.owner, case=case, cause=cause, encrypt=encrypt)
        return EncodedEvent(sealed.id, sealed.routing_key, self.sign(sealed.body))

    def sign(self, body: bytes) -> bytes:
        """Return an event, a JSON object, with a signature. Raises BrokenMessageError if that is too large."""
        signature = base64url.encode(self._key.sign(body))
        signed = b'%s,"signature":"%s.%s"}' % (body[:-1], self._kid.encode(), signature.encode())
        if len(signed) > MAX_BYTES:
            raise BrokenMessageError("too-large", rule=f"at most {MAX_BYTES} bytes, not {len(signed)}")
        return signed

    def sign_edit(self, event: Mapping[str, object], edited: EditedBy, at: datetime) -> bytes:
        """Sign an event that operators have changed, as that: it names both of them, and when it was approved."""
        whole = self.cipher.encrypted_event({name: value for name, value in event.items() if name != "signature"})
        whole |= {
            "editedby": edited.proposed,
            "approvedby": edited.approved,
            "editedat": at.astimezone(UTC).isoformat(),
        }
        return self.sign(orjson.dumps(whole))


@dataclass(frozen=True, slots=True)
class _Key:
    owner: str
    public: Ed25519PublicKey
    until: datetime | None


class EventKeys:
    """The public keys of all publishers, what the owner of each may say, and the secret keys of one reader.

    A key with an end counts for what was published before it. The file is read again when it changes.
    """

    def __init__(self, topology: Topology, path: Path, cipher: EventCipher = NO_SECRETS) -> None:
        """Read the file. Raises EventKeyError."""
        self._topology = topology
        self._keys = KeyFile(path, _keys_in)
        self.cipher = cipher

    def check(self, body: bytes, envelope: Envelope) -> EditedBy | None:
        """Check that an event is signed by who may say it; return who edited it, if operators did.

        Raises BrokenMessageError with the reason `not-signed`.
        """
        trimmed = body.rstrip(b" \t\r\n")
        found = _SUFFIX.fullmatch(trimmed[-_SUFFIX_BYTES:])
        if found is None:
            raise _unsigned(
                f'the last attribute of the envelope: ,"signature":"<key id>.<signature>"}}, and {envelope.type} signed'
            )
        kid, signature = found.groups()
        key = self._keys.find(kid.decode())
        if key is None:
            raise _unsigned("a key that is known")
        try:
            key.public.verify(base64url.decode(signature.decode()), trimmed[:-_SUFFIX_BYTES] + b"}")
        except (InvalidSignature, ValueError) as error:
            raise _unsigned("the signature of these very bytes") from error
        edited, at = _edit_in(trimmed, key.owner, envelope)
        if not self._may_say(key.owner, envelope, edited):
            raise _unsigned(f"a key that may say {envelope.type} from {envelope.source}, and not {key.owner}'s")
        if key.until is not None and at > key.until:
            raise _unsigned(f"a key that still counted: {key.owner}'s ended at {key.until.isoformat()}")
        return edited

    def is_genuine(self, body: bytes) -> bool:
        """Tell whether a body is an event, signed by who may say it."""
        try:
            self.check(body, decode_event(body))
        except BrokenMessageError:
            return False
        return True

    def _may_say(self, owner: str, envelope: Envelope, edited: EditedBy | None) -> bool:
        publisher, event, _ = (*envelope.type.split("."), "", "", "")[:3]
        if edited is not None:
            return self._topology.is_editable(envelope.type)
        department = self._topology.departments.get(owner)
        if department is not None:  # who reads its records tells it of a wrong source
            return owner == publisher and event in department.events
        return owner == publisher and envelope.source == f"/yizheng/{owner}"


def _keys_in(entry: Mapping[str, Any]) -> Iterable[tuple[str, _Key]]:
    public = Ed25519PublicKey.from_public_bytes(base64url.decode(entry["x"]))
    until = read_moment(entry["until"]) if entry.get("until") else None
    yield str(public_jwk(public, "")["kid"]), _Key(str(entry["owner"]), public, until)


def _edit_in(body: bytes, owner: str, envelope: Envelope) -> tuple[EditedBy | None, datetime]:
    """Return who edited an event, and when it was signed. Only operations signs edits, and never its own events."""
    if owner != OPERATIONS or envelope.type.startswith(f"{OPERATIONS}."):
        return None, envelope.time
    event = orjson.loads(body)
    by, approved, at = (event.get(name) for name in ("editedby", "approvedby", "editedat"))
    if not (
        isinstance(by, str) and isinstance(approved, str) and isinstance(at, str) and by and approved and by != approved
    ):
        raise _unsigned("an edit that names two operators, editedby and approvedby, and editedat")
    try:
        return EditedBy(by, approved), read_moment(at)
    except ValueError as error:
        raise _unsigned("editedat as an RFC 3339 time") from error


def _unsigned(rule: str) -> BrokenMessageError:
    return BrokenMessageError(NOT_SIGNED, "/signature", rule)
