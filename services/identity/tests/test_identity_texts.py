from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from identity.api.views import HistoryStepView
from identity.domain.guardianship import OF_AGE, ProofKind
from identity.domain.record import HistoryStep, RecordedActor, StepKind
from runtime.texts import LANGUAGES, Texts

TEXTS = Texts.of("identity")


def test_every_step_has_a_text() -> None:
    for language in LANGUAGES:
        assert all(TEXTS.say(language, f"steps.{step}") for step in get_args(StepKind))


@pytest.mark.parametrize("kind", get_args(ProofKind))
def test_a_history_names_a_proof_and_coming_of_age_in_words(kind: ProofKind) -> None:
    by, at = RecordedActor(subject="clerk-7", role="clerk"), datetime(2026, 11, 30, tzinfo=UTC)
    registered = HistoryStep(what="guardianship-registered", by=by, at=at, reason=f"{kind} T440012345")
    of_age = HistoryStep(what="guardianship-ended", by=by, at=at, reason=OF_AGE)
    written = HistoryStep(what="suspended", by=by, at=at, reason="本人挂失")
    for language in LANGUAGES:
        proof = HistoryStepView.of(registered, language).reason or ""
        assert proof.endswith(" T440012345")
        assert kind not in proof
        assert HistoryStepView.of(of_age, language).reason not in {None, OF_AGE}
        assert HistoryStepView.of(written, language).reason == "本人挂失"
