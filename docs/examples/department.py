#!/usr/bin/env python3
"""A department's system in one file: it publishes what changed and reads what is answered. Copy it and make it yours.

    pip install pika cryptography joserfc
    export AMQP_URL=…              the address that you were handed
    export PERSON_KEYS=…           the file with the district's public key, to encrypt persons to
    export EVENT_KEY=…             the file with the key that signs your events
    export EVENT_KEYS=…            the file with the public keys of all, to know genuine answers by
    python department.py records.jsonl

Each line of the file is one record as a JSON object in UTF-8: record_id, document_type, number (the identity number),
sequence, fields, valid_from, valid_until; or record_id, document_type, number, sequence and withdrawn (why). Number,
fields and reason leave this program encrypted, to the district alone. Lines end with a line feed and nothing else;
blank ones and a byte order mark are passed over. A line that is no record is told and left out; the others are sent.

Every event is written down before it is sent, in `outbox.sqlite`, and sent from there until the broker has confirmed
it. However often this is stopped or started anew: the same event goes out under the same id with the same body, and is
handled once. Ends with 0 when every record was accepted, 1 when one was refused, not answered or no record.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pika
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwe
from joserfc.jwk import ECKey
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, NackError, UnroutableError

PERSISTENT = 2
WAIT_FOR_ANSWERS = 30.0
LONGEST_PAUSE = 60.0
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEEDED = ("record_id", "document_type", "number", "sequence")

Json = dict[str, Any]


class RecordError(Exception):
    """A line that can't be sent: it is no record, or contradicts one that was sent."""


def encrypt(person: Json, event: Json, key: Json) -> str:
    """Encrypt what describes a person to the district's key, for this event and no other (JWE, RFC 7516)."""
    binding = {"source": event["source"], "type": event["type"], "record_id": event["data"]["record_id"]}
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key["kid"], **binding}
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False)
    return jwe.encrypt_compact(header, json.dumps(person), ECKey.import_key(key), registry=registry)


def lines_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the lines of a file that say something, with their numbers.

    They are split as bytes: a text may hold what Python takes for a line's end, such as U+2028.
    """
    for number, line in enumerate(content.removeprefix(BYTE_ORDER_MARK).split(b"\n"), 1):
        if line.strip():
            yield number, line


def record_of(line: bytes) -> Json:
    """Read a record. Raises RecordError saying what is wrong with it, and repeating nothing of it."""
    try:
        record = json.loads(line.decode(), object_pairs_hook=unique, parse_constant=no_number)
        json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair can't be sent
    except json.JSONDecodeError as error:
        raise RecordError(f"it is not JSON from character {error.colno} on") from error
    except (UnicodeError, RecursionError, ValueError) as error:
        raise RecordError(f"it is not JSON in UTF-8: {type(error).__name__}") from error
    if not isinstance(record, dict):
        raise RecordError("it is no JSON object")
    if missing := [name for name in NEEDED if name not in record]:
        raise RecordError(f"it has no {', '.join(missing)}")
    if not isinstance(record["number"], str):
        raise RecordError("its number is not written as a text, in quotation marks")
    return record


def unique(pairs: list[tuple[str, Any]]) -> Json:
    """Return an object. Raises RecordError where a name stands twice, as one of both would be lost."""
    said = dict(pairs)
    if len(said) < len(pairs):
        raise RecordError("it has the same name twice")
    return said


def no_number(word: str) -> float:
    """Raise RecordError for NaN and Infinity, which Python takes for JSON."""
    raise RecordError(f"{word} is not JSON")


def event_of(record: Json, code: str, key: Json) -> Json:
    """Turn a record into the event that tells of it, under an id that no other event has."""
    verb = "withdrawn" if "withdrawn" in record else "published"
    data = {name: record[name] for name in ("record_id", "document_type", "sequence")} | {"department": code}
    person = {"number": record["number"]}
    if verb == "withdrawn":
        person["reason"] = record["withdrawn"]
    else:
        person["fields"] = record.get("fields")
        data.update({name: record.get(name) for name in ("valid_from", "valid_until")})
    event = {
        "specversion": "1.0",
        "id": f"{code}-{uuid4()}",
        "source": f"/yizheng/{code}",
        "type": f"{code}.department-record-{verb}.v2",
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "correlationid": record["record_id"],
        "receipt": "wanted",
        "data": data,
    }
    data["person"] = encrypt(person, event, key)
    return event


def base64url(content: bytes) -> str:
    """Spell a content as RFC 7515 does, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def key_id(public: bytes) -> str:
    """Return the id of a key: its thumbprint (RFC 7638)."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url(public)}"}}'
    return base64url(hashlib.sha256(jwk.encode()).digest())


def sign(body: bytes, key: Ed25519PrivateKey) -> bytes:
    """Add the signature as the last attribute: it covers every byte of the event as it was without it."""
    signature = f"{key_id(key.public_key().public_bytes_raw())}.{base64url(key.sign(body))}"
    return body[:-1] + f',"signature":"{signature}"}}'.encode()


def is_genuine(body: bytes, keys: Json) -> bool:
    """Tell whether an answer is signed by the service that it says it is from."""
    event, mark = json.loads(body), b',"signature":"'
    signed, found, _ = body.rpartition(mark)
    kid, _, signature = str(event.get("signature")).partition(".")
    owner = str(event.get("type")).partition(".")[0]
    known = [key["x"] for key in keys["keys"] if key["kid"] == kid and key["owner"] == owner]
    try:
        public, spelt = (base64.urlsafe_b64decode(text + "==") for text in (known[0], signature))
        Ed25519PublicKey.from_public_bytes(public).verify(spelt, signed + b"}")
    except (InvalidSignature, ValueError, IndexError):
        return False
    return bool(found)


class Outbox:
    """What is to be sent, signed, and how it was answered, kept on disk."""

    def __init__(self, path: str, key: Ed25519PrivateKey) -> None:
        self.key = key
        self.database = sqlite3.connect(path, isolation_level=None)  # every statement is a commit
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS outbox "
            "(change TEXT PRIMARY KEY, id TEXT UNIQUE, key TEXT, body BLOB, confirmed INTEGER, answer TEXT)"
        )
        self.database.execute("CREATE TABLE IF NOT EXISTS contents (change TEXT PRIMARY KEY, digest TEXT)")

    def put(self, record: Json, event: Json) -> None:
        """Keep an event to be sent; one about the same record and sequence that was put before stays as it was.

        Raises RecordError for other content under the same record and sequence.
        """
        change = f"{record['record_id']} {record['sequence']}"
        digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
        held = self.database.execute("SELECT digest FROM contents WHERE change = ?", (change,)).fetchone()
        if held is not None and held[0] != digest:
            raise RecordError(f"{change} was sent with other content: count its sequence up")
        values = (change, event["id"], event["type"], sign(json.dumps(event, ensure_ascii=False).encode(), self.key))
        with self.database:  # both or neither
            self.database.execute("BEGIN")
            self.database.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (change, digest))
            self.database.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?, 0, NULL)", values)

    def waiting(self) -> list[tuple[str, str, bytes]]:
        """Return id, routing key and body of what the broker has not confirmed, oldest first."""
        return self.database.execute("SELECT id, key, body FROM outbox WHERE NOT confirmed ORDER BY rowid").fetchall()

    def confirm(self, event_id: str) -> None:
        """Note that the broker has it."""
        self.database.execute("UPDATE outbox SET confirmed = 1 WHERE id = ?", (event_id,))

    def answer(self, event_id: str, text: str) -> None:
        """Note how it was answered."""
        self.database.execute("UPDATE outbox SET answer = ? WHERE id = ?", (text, event_id))

    def unanswered(self) -> int:
        """Count what nothing was answered to."""
        (count,) = self.database.execute("SELECT count(*) FROM outbox WHERE answer IS NULL").fetchone()
        return int(count)

    def answers(self) -> list[tuple[str, str | None]]:
        """Return every record and sequence with its answer."""
        return self.database.execute("SELECT change, answer FROM outbox ORDER BY rowid").fetchall()


def connect(url: str) -> pika.BlockingConnection:
    """Connect so that a network that froze is noticed, and a broker that blocks does not hold us for ever."""
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 30
    parameters.blocked_connection_timeout = 60
    return pika.BlockingConnection(parameters)


def send(url: str, outbox: Outbox) -> None:
    """Send until everything is confirmed, waiting longer after each failure. What the broker forbids is raised."""
    pause = 1.0
    while outbox.waiting():
        try:
            send_waiting(url, outbox)
            pause = 1.0
        except (AMQPConnectionError, NackError, UnroutableError) as error:
            print(f"not confirmed, again in {pause:.0f} s under the same id: {error!r}", file=sys.stderr)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def send_waiting(url: str, outbox: Outbox) -> None:
    """Send what waits, one confirm after the other. `mandatory`: what reaches no queue comes back as an error."""
    connection = connect(url)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        exchange = f"{urlsplit(url).username}.messages"  # nobody else can write there
        for event_id, key, body in outbox.waiting():
            properties = pika.BasicProperties(
                content_type="application/cloudevents+json", delivery_mode=PERSISTENT, message_id=event_id
            )
            channel.basic_publish(exchange, key, body, properties, mandatory=True)  # returns when it is confirmed
            outbox.confirm(event_id)
    finally:
        if connection.is_open:
            connection.close()


def read_answers(url: str, code: str, outbox: Outbox, keys: Json, seconds: float) -> None:
    """Read answers until every event has one or the time is up. Each is acknowledged after it was written down."""
    deadline = time.monotonic() + seconds
    connection = connect(url)
    try:
        channel = connection.channel()
        for method, _, body in channel.consume(f"{code}.replies", inactivity_timeout=1):
            if method is not None:
                take(method.routing_key, body, code, outbox, keys)
                channel.basic_ack(method.delivery_tag)
            if time.monotonic() > deadline or not outbox.unanswered():
                break
        channel.cancel()  # what was delivered meanwhile goes back to the queue
    finally:
        connection.close()


def take(routing_key: str, body: bytes, code: str, outbox: Outbox, keys: Json) -> None:
    """Write an answer down, if it came under the system's own key and is signed by it."""
    publisher, kind, _, addressee = (*routing_key.split("."), "", "", "")[:4]
    if publisher not in ("credential-store", "matcher") or addressee != code or not is_genuine(body, keys):
        print(f"not an answer of the system, left aside: {routing_key}", file=sys.stderr)
        return
    said = json.loads(body)["data"]
    if kind == "record-accepted":
        outbox.answer(said["event_id"], said["result"])
    elif kind == "record-refused":
        outbox.answer(said["event_id"], f"refused: {said['reason']} at {said['path'] or '/'}: {said['rule']}")
        print(f"{said['event_id']}: {said['title']['zh-CN']}。{said['action']['zh-CN']}", file=sys.stderr)


def main() -> int:
    """Send the records of a file, wait for the answers, print them."""
    url = os.environ["AMQP_URL"]
    key = json.loads(Path(os.environ["PERSON_KEYS"]).read_bytes())["keys"][0]
    code = urlsplit(url).username or ""
    keys = json.loads(Path(os.environ["EVENT_KEYS"]).read_bytes())
    event_key = load_pem_private_key(Path(os.environ["EVENT_KEY"]).read_bytes(), password=None)
    if not isinstance(event_key, Ed25519PrivateKey):
        print("EVENT_KEY is not the file of an Ed25519 key", file=sys.stderr)
        return 1
    outbox = Outbox(os.environ.get("OUTBOX", "outbox.sqlite"), event_key)
    left_out = 0
    for number, line in lines_of(Path(sys.argv[1]).read_bytes()):
        try:
            record = record_of(line)
            outbox.put(record, event_of(record, code, key))
        except RecordError as error:
            left_out += 1
            print(f"line {number} is left out: {error}", file=sys.stderr)
    try:
        send(url, outbox)
    except ChannelClosedByBroker as error:  # trying again would not help
        print(f"the broker forbids it: {error.reply_text}", file=sys.stderr)
        return 1
    read_answers(url, code, outbox, keys, WAIT_FOR_ANSWERS)
    for change, answer in outbox.answers():
        print(change, answer or "no answer yet")
    are_right = all(answer in ("stored", "unchanged") for _, answer in outbox.answers())
    return 0 if are_right and not left_out else 1


if __name__ == "__main__":
    sys.exit(main())
