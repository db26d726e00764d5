"""Exports in memory: asked for, gathered in any order, read, and destroyed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bus.event import NOTHING, NotYet
from data_rights import views
from data_rights.api.export_page import page
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.export import ANSWERED_WITHIN, Export
from data_rights.events import ExportRequested
from data_rights.handlers import erasure_requests, export_requests, people, queries
from data_rights.handlers.dependencies import Deps
from data_rights.views import DataExported
from privacy import exports
from runtime.errors import Conflict, NotAllowed, NotFound
from runtime.sign_in import SignedRequest
from testkit.fakes import FakeClock, apply, received
from web.auth import Principal, Role

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MOTHER = Principal("res_mother", Role.RESIDENT)
STRANGER = Principal("res_stranger", Role.RESIDENT)


class Told(exports.DataExported):
    type = "test.data-exported.v1"


@pytest.fixture
async def deps(deps_with: Callable[[Mapping[str, str]], Awaitable[Deps]]) -> Deps:
    return await deps_with({each.subject: f"{number}" * 64 for number, each in enumerate((MOTHER, STRANGER))})


async def asked(deps: Deps) -> tuple[Export, ExportRequested]:
    outcome = await export_requests.request(None, MOTHER, deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, ExportRequested)
    assert outcome.result is not None
    return outcome.result, event


def answers(event: ExportRequested, service: str, content: exports.Content) -> list[tuple[str, DataExported]]:
    question = exports.ExportRequested.model_validate(event.model_dump())
    told = exports.answer(Told, question, content).events
    return [(service, DataExported.model_validate(each.model_dump())) for each in told]


async def hear(service: str, said: DataExported, deps: Deps) -> None:
    apply(await export_requests.note_part(received(said, type=f"{service}.data-exported.v1"), deps))


async def test_parts_in_any_order_and_twice_make_the_same_export(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LARGEST_PART", 10)
    export, event = await asked(deps)
    parts = [
        *answers(event, "identity", {"registration": [{"card": {"name": "李育成"}}]}),
        *answers(event, "matcher", {"evidence": [{"n": 1, "x": "……"}, {"n": 2, "x": "……"}]}),
    ]
    seed = 20261124
    order = list(itertools.chain(parts, parts))
    random.Random(seed).shuffle(order)
    for service, said in order[:-1]:
        await hear(service, said, deps)
    await hear(*order[-1], deps)

    found = await export_requests.content(export.id, MOTHER, deps)
    assert found["identity"] == {"registration": [{"card": {"name": "李育成"}}]}
    assert [each["n"] for each in found["matcher"]["evidence"]] == [1, 2]
    assert set(found) == {"identity", "matcher", "data-rights"}
    for language in ("zh-CN", "en"):
        written = page(await export_requests.find(export.id, MOTHER, deps), found, language)
        assert "李育成" in written
        assert "<script" not in written


async def test_it_is_not_given_before_everybody_has_answered_nor_to_anybody_else(deps: Deps) -> None:
    export, event = await asked(deps)
    for service, said in answers(event, "identity", {}):
        await hear(service, said, deps)

    assert (await export_requests.find(export.id, MOTHER, deps)).missing == ("matcher",)
    with pytest.raises(Conflict, match="export-gathering"):
        await export_requests.content(export.id, MOTHER, deps)
    with pytest.raises(NotFound):
        await export_requests.find(export.id, STRANGER, deps)
    with pytest.raises(NotAllowed):
        await export_requests.request(MOTHER.subject, STRANGER, deps)
    with pytest.raises(Conflict, match="export-under-way"):
        await export_requests.request(None, MOTHER, deps)
    assert isinstance(deps.clock, FakeClock)
    deps.clock.advance(ANSWERED_WITHIN)
    apply(await export_requests.request(None, MOTHER, deps))  # a service that never answered holds up no other request


async def test_after_a_week_key_and_parts_are_destroyed_and_what_comes_late_is_ignored(deps: Deps) -> None:
    export, event = await asked(deps)
    (late,) = answers(event, "matcher", {})
    for service, said in answers(event, "identity", {"registration": [{"card": {"name": "李育成"}}]}):
        await hear(service, said, deps)
    assert await export_requests.end(deps) == []
    assert isinstance(deps.clock, FakeClock)
    deps.clock.advance(timedelta(days=7))
    for outcome in await export_requests.end(deps):
        apply(outcome)

    assert await deps.exports.parts(export.id) == []
    assert (await export_requests.find(export.id, MOTHER, deps)).key is None
    assert await export_requests.note_part(received(late[1], type="matcher.data-exported.v1"), deps) is NOTHING
    with pytest.raises(Conflict, match="export-ended"):
        await export_requests.content(export.id, MOTHER, deps)


async def test_what_the_resident_signed_travels_along(deps: Deps) -> None:
    signed = SignedRequest(token="t", proof="p", body="{}")
    (event,) = (await export_requests.request(None, replace(MOTHER, signed=signed), deps)).events
    assert isinstance(event, ExportRequested)
    assert event.signed_request == signed


async def test_a_part_that_comes_before_its_request_waits(deps: Deps) -> None:
    early = DataExported(export_id="exp_1", part=1, parts=1, sealed="x")
    with pytest.raises(NotYet):
        await export_requests.note_part(received(early, type="matcher.data-exported.v1"), deps)


async def test_markup_in_what_people_wrote_is_shown_not_obeyed(deps: Deps) -> None:
    export, event = await asked(deps)
    wrote = "<img src=x onerror=alert(1)>"
    for part in (
        *answers(event, "identity", {"registration": [{"card": {"name": wrote}}]}),
        *answers(event, "matcher", {}),
    ):
        await hear(*part, deps)

    written = page(export, await export_requests.content(export.id, MOTHER, deps), "en")
    assert wrote not in written
    assert "&lt;img" in written


async def test_what_a_guardian_asks_for_about_a_ward_is_in_the_wards_record(deps: Deps) -> None:
    begun = views.GuardianshipChanged(
        guardianship_id="g", guardian_id=MOTHER.subject, child_id=STRANGER.subject, sequence=1
    )
    apply(await people.begin_guardianship(received(begun), deps))
    apply(await export_requests.request(STRANGER.subject, MOTHER, deps))
    erasure = await erasure_requests.request(STRANGER.subject, MOTHER, deps)
    apply(erasure)
    assert erasure.result is not None
    for service in deps.erasing:
        said = views.ErasurePreviewed(erasure_id=erasure.result.id, erased=[], kept=[], cases=[])
        apply(await erasure_requests.note_preview(received(said, type=f"{service}.erasure-previewed.v1"), deps))
    shown = await erasure_requests.find(erasure.result.id, MOTHER, deps)
    apply(await erasure_requests.confirm(shown.id, shown.preview or "", MOTHER, deps, ward=STRANGER.subject))
    await asked(deps)  # about herself: nobody's business

    entries = await queries.accesses(STRANGER.subject, ServiceRequest(), STRANGER, deps, before=None, limit=20)
    assert {(each.by.subject, each.how, each.what, each.source) for each in entries} == {
        (MOTHER.subject, "exported", "everything", "data-rights"),
        (MOTHER.subject, "erased", "everything", "data-rights"),
    }
    assert await queries.accesses(None, ServiceRequest(), MOTHER, deps, before=None, limit=20) == []
