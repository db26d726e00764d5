from __future__ import annotations

from typing import get_args

from credential_store.domain.credential import Origin, Status, What
from credential_store.domain.verdict import Kind, Reason
from runtime.texts import Texts

TEXTS = Texts.of("credential_store")


def test_every_code_that_people_see_has_a_name() -> None:
    names = [
        f"{group}.{code}" for group, codes in (("statuses", Status), ("origins", Origin)) for code in get_args(codes)
    ]
    names += [f"verification.reasons.{reason}" for reason in get_args(Reason)]
    names += [f"verification.kinds.{kind}" for kind in get_args(Kind)]
    for key in [*names, *(f"steps.{what}" for what in get_args(What))]:
        assert TEXTS.has(key), key
