"""Whose decision counts is who decides by review-dispatch's routes and by applications' items."""

from __future__ import annotations

from applications.domain.rules import Officer
from bus.topology import load as load_topology
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import task
from services.applications.tests.office import CATALOGUE
from web.reviewers import Deciding, Reviewers, task_id

LISTED = Reviewers.read(Settings().reviewers)
ROUTES = load_district(Settings().data).routes


def test_documents_are_approved_by_those_to_whom_their_routes_lead() -> None:
    routes = {**ROUTES.documents, "": ROUTES.other_documents}
    asked = {
        name: Deciding(
            departments=frozenset({route.department, *(level.to for level in route.escalate)}),
            people=2 if route.second_reviewer else 1,
        )
        for name, route in routes.items()
    }
    assert {**LISTED.documents, "": LISTED.other_documents} == asked


def test_doors_are_checked_by_those_to_whom_their_route_leads() -> None:
    levels = {level.to for level in ROUTES.field_checks.escalate} - {"sub-district"}
    offices = {each.department for each in ROUTES.sub_districts}
    assert LISTED.doors.departments == {ROUTES.field_checks.department, *levels, *offices}


def test_applications_are_decided_by_the_department_of_the_item_and_those_above() -> None:
    items = [each for each in CATALOGUE.items.values() if isinstance(each.decision, Officer)]
    departments = {each.code: each.decision.department for each in items if isinstance(each.decision, Officer)}
    asked = {
        code: Deciding(departments=frozenset({name, *(level.to for level in ROUTES.of_decision(name))}))
        for code, name in departments.items()
    }
    assert LISTED.decisions == asked


def test_a_task_has_the_same_id_on_both_sides() -> None:
    assert task_id("app_1", "review", "photo", 2) == task.task_id("app_1", "review", "photo", 2)
    assert task_id("cor_1", "correction") == task.task_id("cor_1", "correction")


def test_nothing_that_people_sign_can_be_edited_by_operators() -> None:
    topology = load_topology(Settings().topology)
    assert topology.signed
    assert not set(topology.signed) & set(topology.edits)


def test_what_is_wrong_in_a_registration_is_answered_by_those_to_whom_its_route_leads() -> None:
    levels = {level.to for level in ROUTES.corrections.escalate}
    assert LISTED.of("registration").departments >= {ROUTES.corrections.registration, *levels}
    assert LISTED.of("registration").people == 1
