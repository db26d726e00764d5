from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import credential_store
from credential_store.domain.credential import Origin, Status, What
from credential_store.domain.verdict import Kind, Reason
from runtime.texts import LANGUAGES, Texts

TEXTS = Texts.of("credential_store")
SOURCES = sorted(Path(credential_store.__file__).parent.rglob("*.py"))
REFUSED = re.compile(r'(?:Refusal|NotAllowed|Unknown|Clash)\(\s*"([a-z-]+)"([^)]*)')


def refusals() -> list[tuple[str, str]]:
    return [found for source in SOURCES for found in REFUSED.findall(source.read_text(encoding="utf-8"))]


def test_the_catalogues_have_the_same_keys() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")


@pytest.mark.parametrize(("code", "arguments"), refusals())
def test_every_refusal_has_a_title_a_detail_and_what_to_do(code: str, arguments: str) -> None:
    given = set(re.findall(r"(\w+)=", arguments)) - {"field"}
    for language in LANGUAGES:
        for part in ("title", "detail", "action"):
            text = TEXTS.say(language, f"problems.{code}.{part}", **dict.fromkeys(given, "x"))
            assert text, (code, language, part)


def test_every_code_that_people_see_has_a_name() -> None:
    names = [
        f"{group}.{code}" for group, codes in (("statuses", Status), ("origins", Origin)) for code in get_args(codes)
    ]
    names += [f"verification.reasons.{reason}" for reason in get_args(Reason)]
    names += [f"verification.kinds.{kind}" for kind in get_args(Kind)]
    for key in [*names, *(f"steps.{what}" for what in get_args(What))]:
        assert TEXTS.has(key), key
