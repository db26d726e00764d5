from __future__ import annotations

from pathlib import Path

import pytest

from matcher.domain.rules import following_the_person
from matcher.main import read_rules
from runtime.data_files import DataFileError
from testkit.document_types import spoilt_type

CARD = "{kind: name, claim: required, own: name, identified_by: number}"
"""How the name on an identity card is compared."""


def _fault(tmp_path: Path, right: str, wrong: str, code: str = "id-card") -> str:
    path = spoilt_type(tmp_path, code, right, wrong)
    with pytest.raises(DataFileError) as caught:
        read_rules(tmp_path)
    return str(caught.value).replace(str(path), "type.yaml")


def test_only_the_identity_card_follows_the_person() -> None:
    assert following_the_person(read_rules()) == {"id-card"}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{kind: alike, claim: none}", "fields.name.compare.kind: "),
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
    fault = _fault(tmp_path, CARD, rule)
    lines = (tmp_path / "id-card.yaml").read_text(encoding="utf-8").splitlines()
    assert fault.startswith(f"type.yaml:{next(n for n, line in enumerate(lines, 1) if rule in line)}: ")
    assert words in fault


def test_a_document_type_that_anything_would_prove_is_refused(tmp_path: Path) -> None:
    fault = _fault(tmp_path, "{kind: name, claim: required, own: name}", "{kind: name, claim: optional}", "senior-card")
    assert "anything would prove it" in fault
    assert fault.startswith("type.yaml:1: ")


def test_a_name_is_identified_only_by_the_holders_own_number(tmp_path: Path) -> None:
    for wrong in ("identified_by: nothing}", "identified_by: birth_date}"):
        assert "identified_by names a field" in _fault(tmp_path, "identified_by: number}", wrong)


def test_a_key_that_nothing_knows_is_refused(tmp_path: Path) -> None:
    assert "Extra inputs" in _fault(tmp_path, "department: psb", "departement: psb")
