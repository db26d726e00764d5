"""What residents may ask to have corrected is what some department keeps, answers for, and can enter."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from credential_store.config import Settings as StoreSettings
from credential_store.domain.document_types import DocumentTypes
from data_rights.config import Settings
from data_rights.domain.correctable import REGISTRATION, Correctables
from review_dispatch.config import Settings as DispatchSettings
from review_dispatch.config import load_district
from runtime.data_files import load

CORRECTABLES = load(Settings().documents, Correctables)
ROUTES = load_district(DispatchSettings().data).routes
TYPES = load(StoreSettings().document_types, DocumentTypes)


def test_every_document_type_can_be_said_to_be_wrong() -> None:
    assert set(CORRECTABLES.documents) == set(TYPES.document_types) == set(ROUTES.documents)


def test_the_department_that_is_named_is_the_one_that_gets_the_task_and_keeps_the_document() -> None:
    named = CORRECTABLES.documents

    assert named == {code: kind.kept_by for code, kind in TYPES.document_types.items()}
    assert named == {code: ROUTES.of_correction(code) for code in named}
    assert CORRECTABLES.registration.kept_by == ROUTES.of_correction(REGISTRATION)


def test_what_may_be_said_to_be_wrong_is_what_reviewers_can_enter() -> None:
    enterable = {
        code: {name: kind for name, kind in route.fields.items() if kind != "key"}
        for code, route in ROUTES.documents.items()
    }

    assert {code: CORRECTABLES.of(code).fields for code in CORRECTABLES.documents} == enterable


def test_a_document_type_that_has_no_fields_can_not_be_said_to_be_wrong() -> None:
    told = CORRECTABLES.model_dump() | {"documents": {"library-card": "edu"}}

    with pytest.raises(ValidationError, match="library-card"):
        Correctables.model_validate(told)
