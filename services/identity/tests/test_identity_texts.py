from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

import identity
from identity.api.views import StepView
from identity.domain.guardianship import OF_AGE, ProofKind
from identity.domain.record import Actor, Step, StepKind
from runtime.texts import LANGUAGES, Texts

SOURCES = Path(identity.__file__).parent
TEXTS = Texts.of("identity")
FROM_ELSEWHERE = {"presence-over"}
"""Refusals of which the words stand in shared/runtime."""


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")


def test_every_refusal_has_a_title_a_detail_and_an_action_and_no_text_is_left_over() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    refused = set(re.findall(r'(?:Refusal|Clash|Unknown|NotAllowed)\(\s*"([a-z-]+)"', code))
    written = {key.split(".")[1] for key in TEXTS.keys("en") if key.startswith("problems.")}
    assert refused - FROM_ELSEWHERE == written
    assert all(TEXTS.has(f"problems.{one}.{part}") for one in written for part in ("title", "detail", "action"))


def test_every_step_has_a_text() -> None:
    for language in LANGUAGES:
        assert all(TEXTS.say(language, f"steps.{step}") for step in get_args(StepKind))


@pytest.mark.parametrize("kind", get_args(ProofKind))
def test_a_history_names_a_proof_and_coming_of_age_in_words(kind: ProofKind) -> None:
    by, at = Actor(subject="clerk-7", role="clerk"), datetime(2026, 11, 30, tzinfo=UTC)
    registered = Step(what="guardianship-registered", by=by, at=at, reason=f"{kind} T440012345")
    of_age = Step(what="guardianship-ended", by=by, at=at, reason=OF_AGE)
    written = Step(what="suspended", by=by, at=at, reason="本人挂失")
    for language in LANGUAGES:
        proof = StepView.of(registered, language).reason or ""
        assert proof.endswith(" T440012345")
        assert kind not in proof
        assert StepView.of(of_age, language).reason not in {None, OF_AGE}
        assert StepView.of(written, language).reason == "本人挂失"
