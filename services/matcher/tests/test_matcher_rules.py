from __future__ import annotations

from pathlib import Path

import pytest

from matcher.config import Settings
from matcher.domain.rules import DocumentType, following_the_person
from matcher.main import create_app, read_rules
from runtime.data_files import DataFileError

_NAMES = {
    "id-card",
    "household-register",
    "residence-permit",
    "birth-certificate",
    "vaccination-record",
    "property-certificate",
    "rental-contract-record",
    "social-insurance-record",
    "bank-account",
    "portrait-photo",
    "senior-card",
    "school-place-notice",
    "allowance-notice",
}


def _fault(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_rules(Settings(document_types=path))
    return str(caught.value).replace(str(path), "rules.yaml")


def test_every_document_type_has_rules() -> None:
    assert set(read_rules(Settings())) == _NAMES


def test_only_the_identity_card_follows_the_person() -> None:
    assert following_the_person(read_rules(Settings())) == {"id-card"}


def test_an_unknown_kind_is_reported_with_file_and_line(tmp_path: Path) -> None:
    text = "id-card:\n  fields:\n    name: {kind: name, claim: required}\n    photo: {kind: alike, claim: none}\n"
    assert _fault(tmp_path, text).startswith("rules.yaml:4: id-card.fields.photo.kind: ")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{kind: recent, claim: none}", "months belongs to kind recent"),
        ("{kind: name, claim: required, months: 3}", "months belongs to kind recent"),
        ("{kind: covers-today, claim: none}", "begins belongs to kind covers-today"),
        ("{kind: present, claim: required}", "claim is none for"),
        ("{kind: name, claim: none}", "claim is none for"),
        ("{kind: name, claim: none, expected: x}", "expected belongs to kind exact"),
        ("{kind: name, claim: holder}", "by kind exact"),
        ("{kind: exact, claim: required, identified_by: number}", "identified_by belongs to kind name"),
        ("{kind: name, claim: required, mouth: 3}", "Extra inputs"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_line(tmp_path: Path, rule: str, words: str) -> None:
    fault = _fault(tmp_path, f"id-card:\n  fields:\n    number: {rule}\n")
    assert fault.startswith("rules.yaml:3: ")
    assert words in fault


def test_a_document_type_that_anything_would_prove_is_refused(tmp_path: Path) -> None:
    fault = _fault(tmp_path, "id-card:\n  fields:\n    number: {kind: exact, claim: optional}\n")
    assert "anything would prove it" in fault
    assert fault.startswith("rules.yaml:1: ")


def test_a_name_is_identified_only_by_the_holders_own_number(tmp_path: Path) -> None:
    rules = "id-card:\n  fields:\n    name: {kind: name, claim: required, identified_by: number}\n"
    assert "identified_by names a field" in _fault(tmp_path, rules)
    assert "identified_by names a field" in _fault(tmp_path, rules + "    number: {kind: exact, claim: optional}\n")


def test_the_service_refuses_to_start_with_rules_that_have_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("id-card: nothing\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"rules\.yaml:1"):
        create_app(Settings(document_types=path))


def test_a_rule_file_of_another_district_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("fishing-licence:\n  fields:\n    name: {kind: name, claim: required}\n", encoding="utf-8")
    assert read_rules(Settings(document_types=path)) == {
        "fishing-licence": DocumentType.model_validate({"fields": {"name": {"kind": "name", "claim": "required"}}})
    }
