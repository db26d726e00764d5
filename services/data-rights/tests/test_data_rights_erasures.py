"""Erasures in memory: asked for, answered in any order, told with what stays and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, NotYet, Outcome
from data_rights import views
from data_rights.api.erasures import ErasureView
from data_rights.config import Settings
from data_rights.domain.erasure import Erasure
from data_rights.domain.export import ANSWERED_WITHIN
from data_rights.events import ErasurePreviewRequested, ErasureRequested
from data_rights.handlers import erasure_requests, export_requests, people, queries
from data_rights.handlers.dependencies import Deps
from data_rights.views import DataErased, ErasurePreviewed
from runtime.errors import Conflict, NotAllowed, NotFound
from store import retention
from testkit.fakes import FakeClock, apply, received
from web.auth import Principal, Role

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MOTHER = Principal("res_mother", Role.RESIDENT)
STRANGER = Principal("res_stranger", Role.RESIDENT)
KEPT = [views.Stays(kind="approved-applications", count=2, until=date(2031, 10, 14))]


@pytest.fixture
async def deps(deps_with: Callable[[Mapping[str, str]], Awaitable[Deps]]) -> Deps:
    return await deps_with({each.subject: f"{number}" * 64 for number, each in enumerate((MOTHER, STRANGER))})


async def previewing(deps: Deps) -> Erasure:
    outcome = await erasure_requests.request(None, MOTHER, deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, ErasurePreviewRequested)
    assert (event.holder.resident_id, event.holder.index) == (MOTHER.subject, "0" * 64)
    assert outcome.result is not None
    return outcome.result


async def show(service: str, erasure_id: str, deps: Deps) -> None:
    gone = [views.Gone(kind="drafts", count=1)] if service == "applications" else []
    cases = ["app_1"] if service == "applications" else []
    said = ErasurePreviewed(erasure_id=erasure_id, erased=gone, kept=KEPT if gone else [], cases=cases)
    apply(await erasure_requests.note_preview(received(said, type=f"{service}.erasure-previewed.v1"), deps))


async def shown(deps: Deps) -> Erasure:
    asked = await previewing(deps)
    for service in deps.erasing:
        await show(service, asked.id, deps)
    return await erasure_requests.find(asked.id, MOTHER, deps)


async def asked(deps: Deps) -> Erasure:
    erasure = await shown(deps)
    outcome = await erasure_requests.confirm(erasure.id, erasure.preview or "", MOTHER, deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, ErasureRequested)
    assert (event.holder.resident_id, event.holder.index) == (MOTHER.subject, "0" * 64)
    assert event.only == ["app_1"]
    assert outcome.result is not None
    return outcome.result


async def test_what_would_go_and_what_would_stay_is_shown_with_a_question_and_nothing_is_erased(deps: Deps) -> None:
    export = await export_requests.request(None, MOTHER, deps)
    apply(export)
    assert export.result is not None
    asked = await previewing(deps)
    assert (asked.state(NOW), asked.preview) == ("previewing", None)
    await show("applications", asked.id, deps)
    with pytest.raises(Conflict, match="erasure-previewing"):
        await erasure_requests.confirm(asked.id, "", MOTHER, deps)
    await show("identity", asked.id, deps)

    found = await erasure_requests.find(asked.id, MOTHER, deps)
    assert found.state(NOW) == "awaiting-confirmation"
    view = ErasureView.of(found, deps.terms, "zh-CN", NOW)
    told = {each.service.code: each for each in view.previews}
    assert [(each.kind.name, each.count) for each in told["applications"].erased] == [("未提交的草稿", 1)]
    assert [(each.kind.name, each.until) for each in told["applications"].kept] == [
        ("已通过的申请", date(2031, 10, 14))
    ]
    assert told["applications"].kept[0].why
    assert [each.count for each in told["data-rights"].erased] == [1]
    assert view.question is not None
    assert "共 2 项" in view.question
    assert "无法恢复" in view.question
    assert not any(each.answered for each in view.services)
    assert (await export_requests.find(export.result.id, MOTHER, deps)).key is not None


async def test_only_what_was_shown_is_confirmed_once_and_within_an_hour(deps: Deps) -> None:
    first = await shown(deps)
    with pytest.raises(Conflict, match="erasure-preview-differs"):
        await erasure_requests.confirm(first.id, "another", MOTHER, deps)
    with pytest.raises(NotFound):
        await erasure_requests.confirm(first.id, first.preview or "", STRANGER, deps)
    confirmed = await asked(deps)
    with pytest.raises(Conflict, match="erasure-confirmed"):
        await erasure_requests.confirm(confirmed.id, first.preview or "", MOTHER, deps)
    with pytest.raises(Conflict, match="erasure-under-way"):
        await erasure_requests.confirm(first.id, first.preview or "", MOTHER, deps)
    for service in deps.erasing:
        await hear(service, confirmed.id, deps)
    assert (await erasure_requests.find(confirmed.id, MOTHER, deps)).cases == ()
    assert isinstance(deps.clock, FakeClock)
    deps.clock.advance(timedelta(hours=1))
    with pytest.raises(Conflict, match="erasure-lapsed"):
        await erasure_requests.confirm(first.id, first.preview or "", MOTHER, deps)
    assert ErasureView.of(first, deps.terms, "en", deps.clock()).state.code == "lapsed"


async def test_a_late_word_changes_nothing_of_what_was_confirmed(deps: Deps) -> None:
    confirmed = await asked(deps)
    again = ErasurePreviewed(erasure_id=confirmed.id, erased=[], kept=[], cases=["app_2"])
    assert (
        await erasure_requests.note_preview(received(again, type="applications.erasure-previewed.v1"), deps) is NOTHING
    )
    with pytest.raises(NotYet):
        await show("identity", "era_1", deps)


def test_an_erasure_of_before_there_were_previews_reads_as_it_did() -> None:
    old = Erasure(
        id="era_1", holder="0" * 64, resident_id="res_1", requested_by="res_1", requested_at=NOW, services=("identity",)
    )
    assert old.state(NOW) == "under-way"
    assert ErasureView.of(old, retention.read(Settings().retention), "en", NOW).previews == []


async def hear(service: str, erasure_id: str, deps: Deps, kept: list[views.Stays] | None = None) -> None:
    gone = [views.Gone(kind="drafts", count=1)] if service == "applications" else []
    said = DataErased(erasure_id=erasure_id, erased=gone, kept=kept or [])
    apply(await erasure_requests.note_answer(received(said, type=f"{service}.data-erased.v1"), deps))


@pytest.mark.parametrize("order", [("identity", "applications"), ("applications", "applications", "identity")])
async def test_answers_in_any_order_and_twice_are_told_in_the_callers_language(
    deps: Deps, order: tuple[str, ...]
) -> None:
    erasure = await asked(deps)
    for service in order:
        assert (await erasure_requests.find(erasure.id, MOTHER, deps)).state(NOW) == "under-way"
        await hear(service, erasure.id, deps, KEPT if service == "applications" else None)

    found = await erasure_requests.find(erasure.id, MOTHER, deps)
    assert found.state(NOW) == "done"
    in_english, in_chinese = (ErasureView.of(found, deps.terms, language, NOW) for language in ("en", "zh-CN"))
    told = {each.service.code: each for each in in_english.services}
    assert [(each.kind.code, each.count) for each in told["applications"].erased] == [("drafts", 1)]
    [stays] = told["applications"].kept
    assert (stays.count, stays.until, stays.lasts) == (2, date(2031, 10, 14), None)
    assert "5 years" in stays.why
    assert {each.kind.code for each in in_english.everywhere} >= {"stream", "unsent-events"}
    assert in_chinese.services[1].kept[0].kind.name == "已通过的申请"
    assert in_chinese.state.name == "各服务均已答复"


async def test_one_at_a_time_for_oneself_or_a_ward_and_read_by_who_asked(deps: Deps) -> None:
    erasure = await asked(deps)
    with pytest.raises(Conflict, match="erasure-under-way"):
        await erasure_requests.request(None, MOTHER, deps)
    assert not erasure.is_awaited(deps.clock() + ANSWERED_WITHIN)  # one that is never answered holds up no other
    with pytest.raises(NotAllowed):
        await erasure_requests.request(MOTHER.subject, STRANGER, deps)
    with pytest.raises(NotFound):
        await erasure_requests.find(erasure.id, STRANGER, deps)
    with pytest.raises(NotFound, match="not-known-yet"):
        await erasure_requests.request(None, Principal("res_new", Role.RESIDENT), deps)

    for service in deps.erasing:
        await hear(service, erasure.id, deps)
    again = await erasure_requests.request(None, MOTHER, deps)
    apply(again)
    listed = await queries.page_of(deps.erasures, None, MOTHER, deps, before=None, limit=5)
    assert {each.id for each in listed} == {erasure.id, again.result.id if again.result else ""}


async def test_an_answer_before_its_request_waits_and_a_strange_one_changes_nothing(deps: Deps) -> None:
    with pytest.raises(NotYet):
        await hear("identity", "era_1", deps)
    erasure = await asked(deps)
    said = DataErased(erasure_id=erasure.id, erased=[], kept=[])
    assert await erasure_requests.note_answer(received(said, type="city.data-erased.v1"), deps) is NOTHING


async def test_the_contents_of_exports_go_at_once_even_while_one_is_gathered(deps: Deps) -> None:
    export = await export_requests.request(None, MOTHER, deps)
    apply(export)
    assert export.result is not None
    erasure = await asked(deps)

    own = erasure.answers["data-rights"]
    assert [(each.kind, each.count) for each in own.erased] == [("export-contents", 1)]
    assert (await export_requests.find(export.result.id, MOTHER, deps)).key is None


CHILD = "res_child"


async def guardianship(deps: Deps, sequence: int, *, active: bool = True) -> None:
    said = received(
        views.GuardianshipChanged(guardianship_id="g", guardian_id=MOTHER.subject, child_id=CHILD, sequence=sequence)
    )
    apply(await (people.begin_guardianship(said, deps) if active else people.end_guardianship(said, deps)))


async def shown_of_child(deps: Deps) -> Erasure:
    registered = views.PersonRegistered(resident_id=CHILD, holder_index="c" * 64, birth_date=date(2019, 5, 4))
    apply(await people.learn_person(received(registered), deps))
    for later in ({"holder_index": "d" * 64}, {"birth_date": date(1990, 5, 4)}):  # what was said first counts
        assert await people.learn_person(received(registered.model_copy(update=later)), deps) is NOTHING
    assert await people.majority(CHILD, deps) == date(2037, 5, 4)
    with pytest.raises(BrokenMessageError, match="number"):  # what a number leads to is never another resident's
        await people.learn_person(received(registered.model_copy(update={"resident_id": "res_thief"})), deps)
    await guardianship(deps, 1)
    outcome = await erasure_requests.request(CHILD, MOTHER, deps)
    apply(outcome)
    assert outcome.result is not None
    for service in deps.erasing:
        await show(service, outcome.result.id, deps)
    return await erasure_requests.find(outcome.result.id, MOTHER, deps)


async def test_what_a_guardian_confirms_names_the_child(deps: Deps) -> None:
    erasure = await shown_of_child(deps)
    preview = erasure.preview or ""
    with pytest.raises(Conflict, match="erasure-of-another"):
        await erasure_requests.confirm(erasure.id, preview, MOTHER, deps, ward=STRANGER.subject)
    assert preview.endswith(f".{CHILD}")
    for named in (None, CHILD):
        outcome = await erasure_requests.confirm(erasure.id, preview, MOTHER, deps, ward=named)
        (event, *_) = outcome.events
        assert isinstance(event, ErasureRequested)
        assert event.holder.resident_id == CHILD


async def test_who_is_no_guardian_any_more_reads_and_confirms_nothing_of_the_child(deps: Deps) -> None:
    erasure = await shown_of_child(deps)
    export = (await export_requests.request(CHILD, MOTHER, deps)).result
    assert export is not None
    apply(Outcome(changes=[deps.exports.save(export)]))
    await guardianship(deps, 2, active=False)
    for asked_for in (
        erasure_requests.find(erasure.id, MOTHER, deps),
        erasure_requests.confirm(erasure.id, erasure.preview or "", MOTHER, deps),
        erasure_requests.request(CHILD, MOTHER, deps),
        export_requests.find(export.id, MOTHER, deps),
        export_requests.content(export.id, MOTHER, deps),
        export_requests.request(CHILD, MOTHER, deps),
    ):
        with pytest.raises(NotAllowed, match="not-your-data"):
            await asked_for
