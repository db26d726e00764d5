from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import identity
from identity.domain.record import StepKind
from runtime.texts import LANGUAGES, Texts

SOURCES = Path(identity.__file__).parent
TEXTS = Texts.of("identity")


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")


def test_every_refusal_has_a_title_a_detail_and_an_action_and_no_text_is_left_over() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    refused = set(re.findall(r'(?:Refusal|Clash|Unknown|NotAllowed)\(\s*"([a-z-]+)"', code))
    written = {key.split(".")[1] for key in TEXTS.keys("en") if key.startswith("problems.")}
    assert refused == written
    assert all(TEXTS.has(f"problems.{one}.{part}") for one in refused for part in ("title", "detail", "action"))


def test_every_step_has_a_text() -> None:
    for language in LANGUAGES:
        assert all(TEXTS.say(language, f"steps.{step}") for step in get_args(StepKind))
