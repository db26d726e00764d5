from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Refusal
from standards import credential_identifier as identifiers

TYPE = "11100000000013338W011"
ISSUER = "11430000006122244L"
SERIAL = "20230000403"
FIRST = f"1.2.156.3005.2.{TYPE}.{ISSUER}.{SERIAL}.001.U"
SECOND = f"1.2.156.3005.2.{TYPE}.{ISSUER}.{SERIAL}.002.S"
ALPHABET = string.digits + string.ascii_uppercase

serials = st.text(ALPHABET, min_size=1, max_size=20)


def code_of(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        identifiers.parse(text)
    assert caught.value.field == "identifier"
    return caught.value.code


def test_the_published_example_is_issued_as_it_stands() -> None:
    assert identifiers.issue(TYPE, ISSUER, SERIAL, 1) == FIRST
    assert identifiers.issue(TYPE, ISSUER, SERIAL, 2) == SECOND


def test_reading_gives_the_parts_back() -> None:
    read = identifiers.parse(FIRST)
    assert (read.type_code, read.issuer_code, read.serial, read.version) == (TYPE, ISSUER, SERIAL, 1)
    assert str(read) == FIRST


def test_a_re_issue_has_the_next_version_and_its_own_check_character() -> None:
    assert identifiers.next_version(FIRST) == SECOND


@pytest.mark.parametrize("identifier", [FIRST, SECOND])
def test_any_other_last_character_is_refused(identifier: str) -> None:
    for character in ALPHABET + string.ascii_lowercase:
        if character != identifier[-1]:
            assert code_of(identifier[:-1] + character) == "credential-identifier-check-character"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "root"),
        (FIRST.replace("3005", "3006"), "root"),
        (FIRST.removesuffix(".U"), "parts"),
        (FIRST + ".1", "parts"),
        (FIRST.replace(TYPE, TYPE[:-1]), "type"),
        (FIRST.replace(ISSUER, "4403"), "issuer"),
        (FIRST.replace(SERIAL, "2023-403"), "serial"),
        (FIRST.replace(SERIAL, ""), "serial"),
        (FIRST.replace(".001.", ".000."), "version"),
        (FIRST.replace(".001.", ".1."), "version"),
        (FIRST.replace(".001.", ".００１."), "version"),
    ],
)
def test_a_wrong_part_is_named(text: str, code: str) -> None:
    assert code_of(text) == f"credential-identifier-{code}"


@pytest.mark.parametrize("version", [0, -1, 1000])
def test_a_version_outside_three_digits_is_refused(version: int) -> None:
    with pytest.raises(Refusal, match="credential-identifier-version"):
        identifiers.issue(TYPE, ISSUER, SERIAL, version)


def test_the_last_version_has_no_next() -> None:
    with pytest.raises(Refusal, match="credential-identifier-version"):
        identifiers.next_version(identifiers.issue(TYPE, ISSUER, SERIAL, 999))


def test_an_area_code_may_stand_for_the_issuer() -> None:
    assert identifiers.parse(identifiers.issue(TYPE, "440309", SERIAL, 1)).issuer_code == "440309"


@given(serials, st.integers(1, 998))
def test_what_is_issued_can_be_read_and_re_issued(serial: str, version: int) -> None:
    text = identifiers.issue(TYPE, ISSUER, serial, version)
    assert identifiers.parse(text) == identifiers.CredentialIdentifier(TYPE, ISSUER, serial, version)
    assert identifiers.parse(identifiers.next_version(text)).version == version + 1


@given(serials, st.data())
def test_one_wrong_character_in_the_serial_is_noticed(serial: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(serial) - 1))
    wrong = data.draw(st.sampled_from(ALPHABET.replace(serial[place], "")))
    text = identifiers.issue(TYPE, ISSUER, serial, 1)
    at = text.index(f".{serial}.", len(f"1.2.156.3005.2.{TYPE}.{ISSUER}")) + 1 + place
    assert code_of(text[:at] + wrong + text[at + 1 :]) == "credential-identifier-check-character"
