"""Everything that people read is there in both languages, and says the same things."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import applications
from applications.api.item_views import ServiceItemView
from applications.api.labels import Labels
from applications.domain.application import Application, Happening, Standing, State
from applications.domain.item import NoticePolicy
from applications.domain.needed import Need
from applications.domain.pending_steps import Doing
from applications.inquiries.api import DOINGS, STEPS
from runtime.texts import LANGUAGES, Language, Texts
from services.applications.tests.office import CATALOGUE, NOON, resident
from standards.credential_status import WORDS
from standards.working_days import Calendar

SOURCES = Path(applications.__file__).parent
TEXTS = Texts.of("applications")
HAPPENINGS = sorted({key.split(".")[1] for key in TEXTS.keys("en") if key.startswith("timeline.")})


APPLICATION = Application(
    id="app_1",
    reference="1",
    item="senior-card",
    applicant_id="r",
    applicant=resident("r").party,
    subject=resident("r").party,
    created_at=NOON,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text(language: str) -> None:
    groups = {"states": State, "standings": Standing, "needs": Need, "now": Doing}
    keys = [f"{group}.{code}" for group, codes in groups.items() for code in get_args(codes)]
    keys += [f"credentials.{code}" for code in WORDS]
    keys += [f"inquiry.now.{doing}" for doing in DOINGS] + [f"inquiry.steps.{kind}" for kind in STEPS]
    keys += [f"notices.{policy}" for policy in get_args(NoticePolicy)]
    assert [key for key in keys if key not in TEXTS.keys(language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", HAPPENINGS)
def test_every_happening_can_be_told(language: str, kind: str) -> None:
    wording = Labels(language, TEXTS, CATALOGUE, Calendar.load())
    happening = Happening(at=NOON, kind=kind, document_type="id-card", department="psb", text="印章不清")
    told = wording.happening(happening, APPLICATION)
    assert told
    assert "{" not in told


def test_every_happening_that_the_code_makes_can_be_told() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    said = set(re.findall(r'kind="([a-z-]+)"', code)) | {"not-matched", "not-proven"}
    assert said <= set(HAPPENINGS)


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "在8月31日时"), ("en", "by 31 August")])
def test_a_day_of_every_year_is_said_in_words(language: Language, said: str) -> None:
    item = ServiceItemView.of(CATALOGUE.item("school-enrolment"), Labels(language, TEXTS, CATALOGUE, Calendar.load()))
    assert any(said in rule.text for rule in item.rules)
