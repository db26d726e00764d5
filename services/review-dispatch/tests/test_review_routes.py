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


def test_every_document_and_field_has_a_name() -> None:
    for document_type, route in DISTRICT.routes.documents.items():
        assert TEXTS.has(f"documents.{document_type}")
        assert all(TEXTS.has(f"fields.{field}") for field in route.fields)


def test_the_catalogues_have_the_same_keys() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("department: health", "department: helth", "no such department: helth"),
        ("to: land-lead", "to: land-boss", "no such department: land-boss"),
        ("working_days: 3", "working_days: soon", "working_days"),
        ("second_reviewer: true", "second_reviewr: true", "second_reviewr"),
        ("valid_until_field: term_to", "valid_until_field: term_end", "term_end"),
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
    first = str(refused.value).splitlines()[0]
    place, _, said = first.partition(": ")
    file, _, line = place.rpartition(":")
    assert Path(file) == routes
    assert complaint in said
    broken = text[: text.index(right)].count("\n") + 1
    assert int(line) in range(broken - 6, broken + 1)  # a fault of a whole route is reported where the route begins
