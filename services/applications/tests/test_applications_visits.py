"""What is agreed of a visit at the door, as the applicant follows it: in any order, twice, and too late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations

import pytest

from applications import views
from applications.api.labels import Labels
from applications.domain.pending_steps import pending_steps
from applications.handlers import answers
from runtime.texts import Texts
from services.applications.tests.office import CATALOGUE, Office, passed
from standards.working_days import Calendar

ZH, EN = (Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load()) for language in ("zh-CN", "en"))
FIRST = {"begins": datetime(2026, 11, 24, 6, tzinfo=UTC), "ends": datetime(2026, 11, 24, 8, tzinfo=UTC)}
SECOND = {"begins": datetime(2026, 11, 25, 11, tzinfo=UTC), "ends": datetime(2026, 11, 25, 12, tzinfo=UTC)}
OFFERED = {"state": "offered", "by": "officer", "offered": [FIRST, SECOND], "slot": None, "reason": None, "sequence": 3}
PROPOSED = OFFERED | {"state": "proposed", "by": "applicant", "slot": SECOND, "sequence": 4}
AGREED = PROPOSED | {"state": "agreed", "by": "officer", "sequence": 5}
DECLINED = OFFERED | {"state": "declined", "offered": [], "reason": "临时有急事", "sequence": 6}


async def waiting(office: Office) -> str:
    """Apply for something that has a visit."""
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
    await office.matches(id)
    return id


async def hears(office: Office, id: str, news: Mapping[str, object]) -> bool:
    said = views.VisitArranged.model_validate({"application_id": id, **news})
    return await office.hears(answers.note_visit, said)


def now(office: Office, id: str, wording: Labels) -> str:
    application = office.now(id)
    [where] = pending_steps(application)
    return wording.whereabouts(where, application)


@pytest.mark.parametrize(
    ("news", "chinese", "english"),
    [
        (OFFERED, "2026年11月24日 14:00–16:00", "Please choose one"),
        (PROPOSED, "您希望在2026年11月25日 19:00–20:00上门", "the officer will answer"),
        (AGREED, "网格员将于2026年11月25日 19:00–20:00上门", "The officer comes on 25 November 2026, 19:00–20:00"),
        (DECLINED, "请另约时间", "called off"),
    ],
)
async def test_the_applicant_reads_what_is_agreed_in_shenzhens_time(
    office: Office, news: Mapping[str, object], chinese: str, english: str
) -> None:
    id = await waiting(office)
    await hears(office, id, news)
    assert chinese in now(office, id, ZH)
    assert english in now(office, id, EN)
    assert "上门核实地址" in now(office, id, ZH)
    line = office.now(id).history[-1]
    assert line.kind == f"visit-{news['state']}"
    for wording in (ZH, EN):
        assert "{" not in wording.happening(line, office.now(id))


async def test_it_is_said_who_called_it_off_and_why(office: Office) -> None:
    id = await waiting(office)
    await hears(office, id, DECLINED)
    await hears(office, id, DECLINED | {"by": "applicant", "sequence": 8, "reason": "出差"})
    application = office.now(id)
    by_officer, by_applicant = [
        ZH.happening(each, application) for each in application.history if each.kind.startswith("visit-declined")
    ]
    assert (by_officer, by_applicant) == ("网格员取消了上门约定：临时有急事", "您取消了上门约定：出差")


async def test_whatever_the_order_the_newest_counts_and_each_is_told_once(office: Office) -> None:
    all_news: tuple[Mapping[str, object], ...] = (OFFERED, PROPOSED, AGREED)
    for order in permutations(all_news):
        id = await waiting(office)
        for news in (*order, *order):
            await hears(office, id, news)
        application = office.now(id)
        assert application.check is not None
        assert application.check.visit is not None
        assert (application.check.visit.state, application.check.visit.sequence) == ("agreed", 5)
        told = [each.kind for each in application.history if each.kind.startswith("visit-")]
        assert len(told) == len(set(told)) == len(all_news)


async def test_news_before_the_check_is_asked_for_waits_and_after_its_end_is_only_noted(
    office: Office,
) -> None:
    assert not await hears(office, await office.enrols(), AGREED)
    id = await waiting(office)
    await office.hears(answers.note_check_passed, passed(id))
    assert office.now(id).is_final
    await hears(office, id, AGREED)
    check = office.now(id).check
    assert check is not None
    assert check.visit is None
