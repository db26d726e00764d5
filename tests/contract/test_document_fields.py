"""What is said of a document type fits together: how its fields are compared, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from applications.config import Settings as ApplicationsSettings
from applications.store.catalogue_files import read_catalogue
from credential_store.config import Settings as StoreSettings
from credential_store.store.district_files import read_types
from local_stack.layout import ROOT
from matcher.domain.rules import FieldRule
from matcher.domain.rules import Kind as Comparison
from matcher.main import read_rules
from records.persons import by_index
from standards.document_types import by_type, faults_in
from standards.field_kinds import FieldKind
from store.blind_index import BlindIndex
from tests.contract.example_persons import person_of

RULES = read_rules()
TYPES = read_types(StoreSettings().authorities)
HELD: Mapping[Comparison, frozenset[FieldKind]] = {
    "exact": frozenset({"text", "count", "flag", "key"}),
    "name": frozenset({"text"}),
    "date": frozenset({"date"}),
    "address": frozenset({"text"}),
    "names": frozenset({"names"}),
    "at-least": frozenset({"count"}),
    "covers-today": frozenset({"date"}),
    "recent": frozenset({"date"}),
    "present": frozenset({"flag"}),
}
"""What a field may hold that is compared so."""


def test_what_is_compared_is_a_field_of_that_kind() -> None:
    for code, rules in RULES.items():
        kinds = by_type()[code].kinds
        assert {name: kinds[name] in HELD[rule.kind] for name, rule in rules.fields.items()} == dict.fromkeys(
            rules.fields, True
        )


def test_a_record_may_leave_out_just_what_it_proves_something_without() -> None:
    for code, rules in RULES.items():
        needed = {name for name, rule in rules.fields.items() if rule.claim != "optional"} | _begins(rules.fields)
        assert {name for name, field in by_type()[code].fields.items() if not field.optional} == needed, code


def test_names_and_numbers_of_credentials_are_fields_of_their_document_types() -> None:
    for code, kind in TYPES.document_types.items():
        named = {kind.name_field, kind.number_field, kind.record_field} - {None}
        # A portrait shows who it is of without saying it.
        assert named - by_type()[code].fields.keys() <= ({"name"} if code == "portrait-photo" else set())


def test_what_answers_a_form_is_told_to_applications_by_every_document_that_may_prove_it() -> None:
    told = {
        (item.code, field.key, document_type): RULES[document_type].fields[claimed].told
        for item in read_catalogue(ApplicationsSettings().catalogue).items.values()
        for field in item.form
        for requirement in item.requirements
        if f"document.{requirement.key}" in field.default
        for document_type in requirement.any_of
        for claimed in [
            name for name in RULES[document_type].fields if requirement.claims.get(name) == f"form.{field.key}"
        ]
    }
    assert ("residence-permit", "address", "rental-contract-record") in told
    assert told == dict.fromkeys(told, True)


@pytest.mark.parametrize("path", sorted((ROOT / "shared" / "contracts").rglob("*-record-published.v*.example*.json")))
def test_every_example_of_a_record_has_right_values(path: Path) -> None:
    message: dict[str, Any] = orjson.loads(path.read_bytes())
    data, fields = message["data"], message["data"].get("fields")
    if fields is None:
        said = {"document_type": data["document_type"], **person_of(message)}
        fields = by_index(said, BlindIndex(b"k" * 32))["fields"]
    assert list(faults_in(data["document_type"], fields)) == []


def _begins(rules: Mapping[str, FieldRule]) -> set[str]:
    return {rule.begins for rule in rules.values() if rule.begins}
