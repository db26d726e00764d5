from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from credential_store.config import Settings
from credential_store.domain.document_types import Approval, DocumentTypes
from credential_store.main import create_app
from runtime.data_files import DataFileError, load

FILE = Path(create_app.__code__.co_filename).parent / "data" / "document_types.yaml"
TYPES = load(FILE, DocumentTypes)
START = date(2026, 11, 30)


def until(code: str, read: date | None = None, **fields: str) -> date | None:
    return TYPES.of(code).approval_lasts.until(Approval(start=START, fields=dict(fields), read=read))


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
    assert TYPES.of(code).kept_by == keeper
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
    ("path", "value", "line_says", "complaint"),
    [
        (("departments", "psb", "code"), "11440309000070018M", "code:", "unified social credit code"),
        (("document_types", "id-card", "kept_by"), "pbs", "kept_by: pbs", "there is no department 'pbs'"),
        (("document_types", "bank-account", "definer"), "bank", "definer: bank", "there is no definer 'bank'"),
        (("document_types", "household-register", "type_sequence"), "001", "type_sequence:", "001 is that of id-card"),
        (("document_types", "id-card", "approval_lasts"), {"kind": "for-ever"}, "approval_lasts:", "months"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(
    tmp_path: Path, path: tuple[str, ...], value: object, line_says: str, complaint: str
) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    broken = tmp_path / "document_types.yaml"
    broken.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")

    with pytest.raises(DataFileError, match=complaint) as caught:
        create_app(Settings(document_types=broken))

    fault = str(caught.value).splitlines()[0]
    line = int(fault.removeprefix(f"{broken}:").split(":")[0])
    assert line_says in broken.read_text(encoding="utf-8").splitlines()[line - 1]
