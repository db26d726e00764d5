"""Every field that people read has a name."""

from __future__ import annotations

import pytest

from applications.domain.catalogue import Catalogue
from runtime.texts import LANGUAGES, Language
from services.applications.tests.office import CATALOGUE
from standards.document_types import field_name

OTHER = {language: field_name("no-such-type", "no-such-field", language) for language in LANGUAGES}


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
