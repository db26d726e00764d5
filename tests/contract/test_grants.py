"""What credential-store wants proven before it stores a granted credential is what applications' items ask for."""

from __future__ import annotations

from pathlib import Path

import credential_store
from credential_store.domain.grants import GrantRule, Grants, Needed
from runtime.data_files import load
from services.applications.tests.office import CATALOGUE


def test_each_item_that_grants_something_has_the_same_line_here_and_there() -> None:
    asked = {
        item.code: GrantRule(
            document_type=item.grants.document_type,
            to=item.grants.holder,
            decided_by=item.decision.by,
            proven={each.key: Needed(any_of=each.any_of, of=each.holder) for each in item.asked},
        )
        for item in CATALOGUE.items.values()
        if item.grants
    }
    assert load(Path(credential_store.__file__).parent / "data" / "grants.yaml", Grants).items == asked
