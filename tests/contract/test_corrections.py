"""What residents may ask to have corrected is what some department answers for, and can enter."""

from __future__ import annotations

from data_rights.config import Settings
from data_rights.domain.correctable import REGISTRATION, Correctables
from review_dispatch.config import Settings as DispatchSettings
from review_dispatch.config import load_district
from runtime.data_files import load
from standards.document_types import by_type

CORRECTABLES = load(Settings().correctable, Correctables)
ROUTES = load_district(DispatchSettings().data).routes


def test_the_department_that_is_named_is_the_one_that_gets_the_task() -> None:
    for code in (REGISTRATION, *by_type()):
        assert CORRECTABLES.of(code).keeper == ROUTES.of_correction(code)


def test_what_may_be_said_to_be_wrong_is_what_reviewers_can_enter() -> None:
    enterable = {
        code: {name: kind for name, kind in route.fields.items() if kind != "key"}
        for code, route in ROUTES.documents.items()
    }

    assert {code: CORRECTABLES.of(code).fields for code in by_type()} == enterable
