from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credential_store.config import Settings
from credential_store.domain.document_types import ApprovalRule
from credential_store.main import create_app
from credential_store.store.district_files import read_types
from runtime.data_files import DataFileError
from testkit.document_types import spoilt_type

AUTHORITIES = Settings().authorities
TYPES = read_types(AUTHORITIES)
START = date(2026, 11, 30)


def until(code: str, read: date | None = None, **fields: str) -> date | None:
    return TYPES.of(code).approval_lasts.until(ApprovalRule(start=START, fields=dict(fields), read=read))


@pytest.mark.parametrize(
    ("code", "keeper", "last_day"),
    [
        ("household-register", "psb", date(2027, 11, 30)),
        ("birth-certificate", "health", None),
        ("vaccination-record", "health", date(2027, 11, 30)),
        ("property-certificate", "land", date(2027, 11, 30)),
        ("social-insurance-record", "social-insurance", date(2027, 2, 28)),
        ("bank-account", "civil", date(2027, 11, 30)),
        ("portrait-photo", "psb", date(2028, 11, 30)),
    ],
)
def test_an_approval_lasts_as_long_as_the_rules_say(code: str, keeper: str, last_day: date | None) -> None:
    assert TYPES.of(code).keeper == keeper
    assert until(code) == last_day


@pytest.mark.parametrize("code", ["id-card", "residence-permit"])
def test_an_approved_card_lasts_until_the_card_expires(code: str) -> None:
    assert until(code, read=date(2040, 1, 31)) == date(2040, 1, 31)


def test_an_approved_tenancy_lasts_until_the_term_ends() -> None:
    assert until("rental-contract-record", term_to="2027-06-30") == date(2027, 6, 30)
    assert until("rental-contract-record", read=date(2027, 5, 31), term_to="2027-06-30") == date(2027, 5, 31)


def test_an_approval_without_any_known_end_does_not_last_for_ever() -> None:
    assert until("id-card") == date(2027, 11, 30)
    assert until("rental-contract-record", term_to="sometime") == date(2027, 11, 30)


def test_an_approval_never_outlives_the_document() -> None:
    assert until("bank-account", read=date(2027, 1, 15)) == date(2027, 1, 15)
    assert until("bank-account", read=date(2047, 1, 15)) == date(2027, 11, 30)


def test_every_type_begins_its_identifiers_with_the_definers_code_and_sequence() -> None:
    numbering = TYPES.numbering("id-card")
    assert numbering.type_code == "11100000000013004C001"
    assert numbering.issuer_code == "11440309000070017M"


@pytest.mark.parametrize(
    ("code", "right", "wrong", "complaint"),
    [
        ("id-card", "department: psb", "department: pbs", "there is no department 'pbs'"),
        ("bank-account", "definer: civil-affairs", "definer: bank", "there is no definer 'bank'"),
        ("vaccination-record", "[edu]", "[education]", "there is no department 'education'"),
        ("residence-permit", "type_sequence: '003'", "type_sequence: '001'", "001 is that of id-card"),
        ("id-card", "{kind: until-it-ends,", "{kind: for-ever,", "months"),
    ],
)
def test_a_mistake_in_a_type_is_named_with_its_line(
    tmp_path: Path, code: str, right: str, wrong: str, complaint: str
) -> None:
    path = spoilt_type(tmp_path, code, right, wrong)

    with pytest.raises(DataFileError, match=complaint) as caught:
        read_types(AUTHORITIES, tmp_path)

    line = int(str(caught.value).splitlines()[0].removeprefix(f"{path}:").split(":")[0])
    assert wrong in path.read_text(encoding="utf-8").splitlines()[line - 1]


def test_a_mistake_in_an_authority_is_named_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "authorities.yaml"
    broken.write_text(AUTHORITIES.read_text(encoding="utf-8").replace("70017M", "70018M", 1), encoding="utf-8")

    with pytest.raises(DataFileError, match="unified social credit code") as caught:
        create_app(Settings(authorities=broken))

    line = int(str(caught.value).splitlines()[0].removeprefix(f"{broken}:").split(":")[0])
    assert "70018M" in broken.read_text(encoding="utf-8").splitlines()[line - 1]
