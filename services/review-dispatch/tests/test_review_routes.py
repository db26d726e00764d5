"""The data that work is routed by, and the texts that go with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from review_dispatch.config import Settings, load_district
from review_dispatch.domain.routes import Level, Routes
from review_dispatch.main import create_app
from runtime.data_files import DataFileError
from runtime.texts import Texts
from standards import communities
from testkit.document_types import spoilt_type

FOLDER = Settings().data
DISTRICT = load_district(FOLDER)
TEXTS = Texts.of("review_dispatch")

KEPT_BY = {
    "id-card": "psb",
    "household-register": "psb",
    "residence-permit": "psb",
    "birth-certificate": "health",
    "vaccination-record": "health",
    "property-certificate": "land",
    "rental-contract-record": "housing",
    "social-insurance-record": "social-insurance",
    "bank-account": "civil",
    "portrait-photo": "psb",
}
"""Who keeps each document (rules.md)."""


def _levels(routes: Routes) -> list[Level]:
    documents = [*routes.documents.values(), routes.other_documents]
    ladders = [*(route.escalate for route in documents), *(route.escalate for route in routes.decisions)]
    return [level for ladder in (*ladders, routes.field_checks.escalate, routes.other_decisions) for level in ladder]


@pytest.mark.parametrize(("document_type", "department"), KEPT_BY.items())
def test_a_document_is_reviewed_by_the_department_that_keeps_it(document_type: str, department: str) -> None:
    assert DISTRICT.routes.of_document(document_type).department == department


def test_every_ladder_ends_at_the_district() -> None:
    routes = DISTRICT.routes
    assert all(route.escalate[-1].to == "district-supervision" for route in routes.documents.values())
    assert all(route.escalate[-1].to == "district-supervision" for route in routes.decisions)
    assert routes.of_decision("nobody")[-1].to == "district-supervision"


def test_every_community_has_an_office_for_its_overdue_doors() -> None:
    for code in communities.codes():
        assert DISTRICT.routes.of_field_check(code)[0].to.startswith("office-")


def test_whoever_work_can_reach_has_a_name_in_both_languages() -> None:
    for department in DISTRICT.routes.departments:
        assert TEXTS.say("zh-CN", f"departments.{department}") != TEXTS.say("en", f"departments.{department}")
    assert {level.to for level in _levels(DISTRICT.routes)} <= {*DISTRICT.routes.departments, "sub-district"}


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("department: district-supervision", "department: district", "no such department: district"),
        ("to: land-lead", "to: land-boss", "no such department: land-boss"),
        ("working_days: 3", "working_days: soon", "working_days"),
    ],
)
def test_an_error_in_the_routes_stops_the_start_and_names_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, complaint: str
) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    routes = tmp_path / "routes.yaml"
    text = routes.read_text(encoding="utf-8")
    routes.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    monkeypatch.setenv("REVIEW_DISPATCH_DATA", str(tmp_path))
    with pytest.raises(DataFileError) as refused:
        create_app(Settings())
    _is_at(str(refused.value), routes, text[: text.index(right)].count("\n") + 1, complaint)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("department: housing", "department: house", "no such department: house"),
        ("to: housing-lead", "to: housing-boss", "no such department: housing-boss"),
        ("working_days: 2", "working_days: soon", "working_days"),
        ("valid_until_field: term_to", "valid_until_field: term_end", "term_end"),
        ("valid_until: required", "valid_untill: required", "valid_untill"),
        ("field: record_number, text", "field: shoe_size, text", "reason record-number: no such field: shoe_size"),
    ],
)
def test_an_error_in_how_a_type_is_reviewed_names_file_and_line(
    tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    path = spoilt_type(tmp_path, "rental-contract-record", right, wrong)
    with pytest.raises(DataFileError) as refused:
        load_district(FOLDER, tmp_path)
    text = path.read_text(encoding="utf-8")
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{path}:")
    assert complaint in first
    at = int(first.removeprefix(f"{path}:").partition(":")[0])
    assert at in {1, text[: text.index(wrong)].count("\n") + 1}  # what only the whole shows stands at its beginning


def _is_at(fault: str, path: Path, line: int, complaint: str) -> None:
    place, _, said = fault.splitlines()[0].partition(": ")
    file, _, at = place.rpartition(":")
    assert Path(file) == path
    assert complaint in said
    assert int(at) in range(line - 6, line + 1)  # a fault of a whole route is reported where the route begins
