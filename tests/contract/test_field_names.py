"""Every field of every document type has one name in each language, wherever people read it."""

from __future__ import annotations

import pytest

from applications.domain.catalogue import Catalogue
from runtime.texts import LANGUAGES, Language, Texts
from services.applications.tests.office import CATALOGUE
from standards.document_fields import by_type
from standards.field_names import field_name

FIELDS = [(code, field) for code, kind in by_type().items() for field in kind.fields]
OTHER = {language: field_name("no-such-type", "no-such-field", language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("document_type", "field"), FIELDS, ids="/".join)
def test_every_field_of_every_document_type_has_its_name(document_type: str, field: str, language: Language) -> None:
    name = field_name(document_type, field, language)
    assert name != OTHER[language]
    assert field not in name or "_" not in field
    in_applications = CATALOGUE.document_types[document_type].fields[field]
    assert (in_applications.en if language == "en" else in_applications.zh_cn) == name
    for package in ("review_dispatch", "data_rights"):
        if field != "number" or package == "review_dispatch":  # a key is not corrected
            assert Texts.of(package).has(f"fields.{field}"), package


def test_every_field_that_an_item_grants_has_a_name() -> None:
    catalogue: Catalogue = CATALOGUE
    for item in catalogue.items.values():
        if item.grants:
            named = catalogue.document_types[item.grants.document_type].fields
            assert set(item.grants.fields) <= set(named), item.code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_field_that_nobody_knows_is_not_shown_by_its_key(language: Language) -> None:
    assert field_name("household-register", "xx_internal", language) == OTHER[language]
    assert "_" not in OTHER[language]
