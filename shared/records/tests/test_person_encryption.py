"""Attacks on the person's part of events from outside: none opens, and each is told apart."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from bus.envelope import BrokenMessageError
from bus.event import Received
from local_stack.person_keys import ensure_person_keys, rotate_person_key
from records import persons
from records.parts import Fields, Index
from records.person_encryption import LONGEST, PRIVATE_KEYS, PUBLIC_KEYS, Binding, PrivateKeys, PublicKey
from runtime.clock import utc_now
from runtime.data_files import DataFileError
from standards import base64url
from store.blind_index import BlindIndex
from testkit.persons import NUMBER, key_folder, opener_of, with_person

BINDING = Binding("/yizheng/health", "health.department-record-published.v2", "vac-1")
PERSON: Mapping[str, object] = {"number": NUMBER, "fields": {"child_name": "李小龙"}}
INDEX = BlindIndex(b"k" * 32)
PUBLIC = PublicKey.from_file(key_folder() / PUBLIC_KEYS)
PRIVATE = PrivateKeys(key_folder() / PRIVATE_KEYS)


class Opened(persons.DepartmentRecordGone):
    """The record as a handler reads it; nothing of its person is encrypted any more."""

    person: str = ""
    holder_index: Index
    fields: Fields


def reason_of(person: str, binding: Binding = BINDING) -> str:
    with pytest.raises(BrokenMessageError) as caught:
        PRIVATE.decrypt(person, binding)
    assert NUMBER not in str(caught.value)
    assert "李小龙" not in str(caught.value)
    assert caught.value.path == "/data/person"
    return caught.value.reason


def with_header(change: Callable[[dict[str, Any]], object]) -> str:
    """A right JWE with another header in its place."""
    head, rest = PUBLIC.encrypt(PERSON, BINDING).split(".", 1)
    header: dict[str, Any] = orjson.loads(base64url.decode(head))
    change(header)
    return f"{base64url.encode(orjson.dumps(header))}.{rest}"


def made(alg: str, enc: str, key: Any, **more: object) -> str:  # noqa: ANN401 - a key of any kind
    """A JWE as a library makes it that is asked for something else."""
    names = {**BINDING.header, "kid": PUBLIC.kid, **more}
    registry = JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    return jwe.encrypt_compact({"alg": alg, "enc": enc, **names}, orjson.dumps(PERSON), key, registry=registry)


def test_what_was_encrypted_to_the_district_is_opened_for_its_event() -> None:
    assert PRIVATE.decrypt(PUBLIC.encrypt(PERSON, BINDING), BINDING) == PERSON


@pytest.mark.parametrize(
    "other",
    [
        Binding("/yizheng/psb", BINDING.type, BINDING.record_id),
        Binding(BINDING.source, "health.department-record-withdrawn.v2", BINDING.record_id),
        Binding(BINDING.source, BINDING.type, "vac-2"),
    ],
)
def test_it_counts_in_no_other_event(other: Binding) -> None:
    replayed = PUBLIC.encrypt(PERSON, BINDING)

    assert reason_of(replayed, other) == "person-of-another-event"
    assert reason_of(with_header(lambda header: header.update(other.header)), other) == "person-not-decrypted"


@pytest.mark.parametrize(
    "person",
    [
        made("dir", "A256GCM", OctKey.generate_key(256)),
        made("RSA-OAEP", "A256GCM", RSAKey.generate_key(2048)),
        made("ECDH-ES+A256KW", "A256GCM", PUBLIC.key),
        made("ECDH-ES", "A128GCM", PUBLIC.key),
        made("ECDH-ES", "A256CBC-HS512", PUBLIC.key),
        made("ECDH-ES", "A256GCM", OKPKey.generate_key("X25519")),
        made("ECDH-ES", "A256GCM", ECKey.generate_key("P-521")),
        made("ECDH-ES", "A256GCM", PUBLIC.key, zip="DEF"),
        made("ECDH-ES", "A256GCM", PUBLIC.key, apu="aGVhbHRo"),
        with_header(lambda header: header.update(alg="none")),
        with_header(lambda header: header.update(alg=["ECDH-ES"])),
        with_header(lambda header: header.update(crit=["zip"])),
        with_header(lambda header: header.update(jku="https://elsewhere.example/keys")),
        with_header(lambda header: header.pop("epk")),
        with_header(lambda header: header["epk"].update(d="AA")),
        "",
        "person",
        "a.b.c.d.e",
        "....",
        "e30....",
        json.dumps(PERSON),
        PUBLIC.encrypt({"number": "1" * LONGEST}, BINDING),
        "A" * 5_000_000,
    ],
)
def test_another_algorithm_form_or_size_is_refused_before_any_key_is_used(person: str) -> None:
    assert reason_of(person) == "person-not-jwe"


@pytest.mark.parametrize("kid", ["", "another", "../person.key", NUMBER[:8]])
def test_a_key_that_is_not_published_is_told(kid: str) -> None:
    assert reason_of(with_header(lambda header: header.update(kid=kid))) == "person-key-unknown"


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    off = base64url.encode((12345).to_bytes(32, "big"))
    for changed in ({"x": off}, {"y": off}, {"x": off, "y": off}, {"x": ""}, {"x": 7}, {"x": "A" * 200}):
        person = with_header(lambda header, changed=changed: header["epk"].update(changed))  # type: ignore[misc] # bound now
        assert reason_of(person) in {"person-not-decrypted", "person-not-jwe"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53) | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["alg", "enc", "kid", "epk", "source", "type", "record_id", "kty", "crv", "x", "y"]), ANYTHING)
def test_whatever_a_header_holds_it_is_refused_and_nothing_else_happens(name: str, value: object) -> None:
    def change(header: dict[str, Any]) -> None:
        place = header["epk"] if name in header["epk"] else header
        assume(place[name] != value)
        place[name] = value

    reason_of(with_header(change))


@given(st.data())
def test_one_character_changed_anywhere_opens_nothing(data: st.DataObject) -> None:
    person = PUBLIC.encrypt(PERSON, BINDING)
    place = data.draw(st.integers(0, len(person) - 1))
    other = data.draw(st.sampled_from("AZaz09-_. ="))
    changed = person[:place] + other + person[place + 1 :]
    if changed != person:
        reason_of(changed)


@pytest.mark.parametrize("content", [b"[]", b"7", b"{", b'{"number": "1", "number": "2"}', b"\xff"])
def test_what_is_inside_must_be_one_json_object(content: bytes) -> None:
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": PUBLIC.kid, **BINDING.header}
    registry = JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False)

    assert reason_of(jwe.encrypt_compact(header, content, PUBLIC.key, registry=registry)) == "person-not-decrypted"


def test_a_new_key_opens_at_once_and_the_one_before_until_its_end(tmp_path: Path) -> None:
    ensure_person_keys(tmp_path)
    keys, first = PrivateKeys(tmp_path / PRIVATE_KEYS), PublicKey.from_file(tmp_path / PUBLIC_KEYS)
    older = first.encrypt(PERSON, BINDING)

    rotate_person_key(tmp_path)
    second = PublicKey.from_file(tmp_path / PUBLIC_KEYS)
    assert second.kid != first.kid
    assert keys.decrypt(second.encrypt(PERSON, BINDING), BINDING) == keys.decrypt(older, BINDING) == PERSON

    kept = json.loads((tmp_path / PRIVATE_KEYS).read_text())
    kept["keys"][1]["until"] = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    (tmp_path / PRIVATE_KEYS).write_text(json.dumps(kept))
    os.utime(tmp_path / PRIVATE_KEYS, (1, 1))
    with pytest.raises(BrokenMessageError, match="person-key-unknown"):
        PrivateKeys(tmp_path / PRIVATE_KEYS).decrypt(older, BINDING)


def test_a_key_that_was_stolen_opens_nothing_any_more(tmp_path: Path) -> None:
    ensure_person_keys(tmp_path)
    stolen = PublicKey.from_file(tmp_path / PUBLIC_KEYS).encrypt(PERSON, BINDING)

    rotate_person_key(tmp_path, lost=True)

    with pytest.raises(BrokenMessageError, match="person-key-unknown"):
        PrivateKeys(tmp_path / PRIVATE_KEYS).decrypt(stolen, BINDING)
    assert len(json.loads((tmp_path / PRIVATE_KEYS).read_text())["keys"]) == 1


def test_what_is_published_has_no_private_part_and_the_other_is_its_owners_only() -> None:
    assert "d" not in json.loads((key_folder() / PUBLIC_KEYS).read_text())["keys"][0]
    assert (key_folder() / PRIVATE_KEYS).stat().st_mode & 0o077 == 0


def test_keys_that_are_not_there_end_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text('{"keys": [{"kid": "1", "kty": "EC"}]}')
    for path in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(DataFileError, match=path.name):
            PrivateKeys(path)
        with pytest.raises(DataFileError, match=path.name):
            PublicKey.from_file(path)


def received(person: Mapping[str, object], **data: object) -> Received[Any]:
    event = {
        "source": BINDING.source,
        "type": BINDING.type,
        "data": {"record_id": "vac-1", "document_type": "id-card", "department": "health", "sequence": 1, **data},
    }
    sent = persons.DepartmentRecordGone.model_validate(with_person(event, person, key_folder())["data"])
    return Received("e-1", BINDING.type, BINDING.source, sent.record_id, utc_now(), sent)


def test_it_is_read_under_the_index_of_its_holder_by_which_it_is_ordered() -> None:
    card = {"number": f" {NUMBER[:-1]}１", "fields": {"number": NUMBER, "name": "李小龙"}, "department": "psb"}

    opened = opener_of(INDEX).open(received(card), Opened)

    index = INDEX.of(NUMBER)
    assert opened.data.holder_index == opened.lane == index
    assert opened.data.fields == {"number": index, "name": "李小龙"}
    assert opened.data.department == "health"  # and not what stands inside
    assert index not in repr(opened).replace(repr(opened.data), "")


@pytest.mark.parametrize(
    ("person", "reason", "path"),
    [
        ({"fields": {}}, "wrong-schema", "/data/person/number"),
        ({"number": 440309, "fields": {}}, "wrong-schema", "/data/person/number"),
        ({"number": f"{NUMBER[:-1]}9", "fields": {}}, "wrong-number", "/data/person/number"),
        ({"number": "440309850101001", "fields": {}}, "wrong-number", "/data/person/number"),
        ({"number": INDEX.of(NUMBER), "fields": {}}, "wrong-number", "/data/person/number"),
        ({"number": NUMBER, "fields": {"number": "x"}}, "wrong-number", "/data/person/fields/number"),
        ({"number": NUMBER}, "wrong-schema", "/data/person/fields"),
        ({"number": NUMBER, "fields": {"name": None}}, "wrong-schema", "/data/person/fields/name"),
        ({"number": NUMBER, "fields": "x"}, "wrong-schema", "/data/person/fields"),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_place_and_not_repeated(
    person: dict[str, object], reason: str, path: str
) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        opener_of(INDEX).open(received(person), Opened)

    assert (caught.value.reason, caught.value.path) == (reason, path)
    assert "440309" not in str(caught.value)


def test_the_case_is_the_records_and_nothing_that_stands_for_the_person() -> None:
    event = received(PERSON)
    linked = Received(event.id, event.type, event.source, INDEX.of(NUMBER), event.time, event.data)

    with pytest.raises(BrokenMessageError, match="case-not-record: /correlationid"):
        opener_of(INDEX).open(linked, Opened)
