"""Approved corrections in memory: each opens one change of the registration at a window, until a day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, ConflictError, NotYet, View
from identity.domain.record import FieldChange
from identity.domain.resident import Resident
from identity.events import IdUpdated, RegistrationCorrected
from identity.handlers import corrections, registration
from identity.views import CorrectionAnswered, CorrectionHolder, CorrectionPermitted
from runtime.errors import Conflict, Refusal, Refusals
from services.identity.tests.people import (
    CLERK,
    COMMUNITY,
    GIRL_BORN,
    NUMBERS,
    OTHER_COMMUNITY,
    TERMINAL,
    Hall,
    card,
    girl,
    number_for,
    reading,
)
from testkit.fakes import apply, received
from testkit.people import SigningPerson
from web.reviewers import task_id

RIGHT = "李育诚"


def permitted(hall: Hall, resident: Resident, **changed: Any) -> CorrectionPermitted:  # noqa: ANN401 - any field
    said = {
        "correction_id": "cor_1",
        "holder": CorrectionHolder(index=resident.holder_index),
        "field": "name",
        "value": RIGHT,
        "until": hall.deps.today() + timedelta(days=30),
        "officers": ["reviewer-hall-01"],
    }
    return CorrectionPermitted.model_validate({**said, **changed})


async def permit(hall: Hall, resident: Resident, **changed: Any) -> None:  # noqa: ANN401 - any field
    hall.commit(await corrections.permit(received(permitted(hall, resident, **changed)), hall.deps))


def codes(refusal: Refusal) -> list[tuple[str, str | None]]:
    every = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    return [(each.code, each.field) for each in every]


async def refused(hall: Hall, **fields: object) -> list[tuple[str, str | None]]:
    with pytest.raises(Conflict) as caught:
        await hall.register(reading(**fields))
    return codes(caught.value)


async def test_an_approved_correction_is_made_once_at_a_window_and_told(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)

    after = await hall.register(reading(name=RIGHT))

    assert (after.id, after.card.name) == (before.id, RIGHT)
    updated, corrected = hall.published[-2:]
    assert isinstance(updated, IdUpdated)
    assert isinstance(corrected, RegistrationCorrected)
    assert (updated.name, updated.sequence) == (RIGHT, after.version)
    assert (corrected.correction_id, corrected.field, corrected.sequence) == ("cor_1", "name", after.version)
    assert [(each.how, each.by.subject) for each in hall.told] == [("worked-on", CLERK.subject)]
    change = FieldChange(field="name", before="李育成", after=RIGHT)
    assert [(step.what, step.changes) for step in after.history[1:]] == [
        ("correction-permitted", (change,)),
        ("corrected", (change,)),
    ]
    assert after.history[1].by.subject == "reviewer-hall-01"


async def test_it_is_made_by_a_renewed_card_too(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    read = reading(name=RIGHT, valid_from=date(2026, 11, 1))
    outcome = await registration.renew_card(before.id, read, None, CLERK, hall.deps, if_match=None)
    assert outcome.result is not None
    assert outcome.result.card.name == RIGHT


async def test_the_second_use_is_refused_and_says_so(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    await hall.register(reading(name=RIGHT))
    await permit(hall, before, correction_id="cor_2", value="李育成")
    await hall.register(reading())

    assert await refused(hall, name=RIGHT) == [("correction-used", "name")]
    assert await refused(hall, name="王大明") == [("registered-with-other-name", "name")]


async def test_after_its_last_day_it_is_over(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before, until=hall.deps.today())
    await permit(hall, before, correction_id="cor_2", value="李玉成", until=hall.deps.today() - timedelta(days=1))
    assert await refused(hall, name="王大明") == [("correction-says-otherwise", "name")]
    hall.clock.advance(timedelta(days=1))
    assert await refused(hall, name=RIGHT) == [("correction-over", "name")]
    assert await refused(hall, name="李玉成") == [("correction-over", "name")]


async def test_it_allows_what_was_approved_and_nothing_else(hall: Hall) -> None:
    before = await hall.register(reading("USA110119900101"))
    await permit(hall, before)
    with pytest.raises(Conflict) as caught:
        await hall.register(reading("USA110119900101", name=RIGHT, birth_date=date(1990, 1, 2)))
    assert codes(caught.value) == [("registered-with-other-birth-date", "birth_date")]
    assert hall.residents.all[before.id].permits[0].used_at is None


async def test_a_terminal_can_not_make_it(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    with pytest.raises(Conflict) as caught:
        await hall.register(reading(name=RIGHT), by=TERMINAL)
    assert codes(caught.value) == [("correction-says-otherwise", "name")]


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("birth_date", "1990-01-02", {"birth_date": date(1990, 1, 2)}),
        ("valid_from", "2018-05-06", {"valid_from": date(2018, 5, 6)}),
        ("address", "湖南省邵阳市邵东县两市镇建设路１８１号", {"address": "湖南省邵阳市邵东县两市镇建设路181号"}),
    ],
)
async def test_other_fields_are_corrected_the_same_way(
    hall: Hall, field: str, value: str, read: dict[str, object]
) -> None:
    number = "USA110119900101"
    before = await hall.register(reading(number))
    await permit(hall, before, field=field, value=value)
    after = await hall.register(reading(number, **read))
    assert after.card == card(**read)
    assert after.permits[0].used_at is not None


async def test_a_corrected_community_is_made_with_the_card_read_again(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before, field="community", value=OTHER_COMMUNITY)
    outcome = await registration.renew_card(before.id, reading(), OTHER_COMMUNITY, CLERK, hall.deps, if_match=None)
    assert outcome.result is not None
    assert outcome.result.permits[0].used_at is not None


async def test_said_again_or_after_its_use_it_opens_nothing(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    again = received(permitted(hall, before))
    assert await corrections.permit(again, hall.deps) is NOTHING
    await hall.register(reading(name=RIGHT))
    assert await corrections.permit(again, hall.deps) is NOTHING


async def test_before_the_resident_is_known_it_waits(hall: Hall) -> None:
    before = await hall.register(reading())
    with pytest.raises(NotYet):
        await corrections.permit(received(permitted(hall, before)), Hall().deps)


async def test_of_two_windows_at_once_one_makes_it(hall: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    outcomes = [
        await registration.renew_card(before.id, reading(name=RIGHT), COMMUNITY, CLERK, hall.deps, if_match=None)
        for _ in range(2)
    ]
    apply(outcomes[0])
    with pytest.raises(ConflictError):
        apply(outcomes[1])


@given(st.lists(st.sampled_from(["permit", "permit again", "right card", "wrong card"]), max_size=10))
def test_in_any_order_and_however_often_the_name_changes_at_most_once(doings: list[str]) -> None:
    async def happens() -> None:
        hall = Hall()
        before = await hall.register(reading())
        for doing in doings:
            if doing.startswith("permit"):
                await permit(hall, before)
            else:
                try:
                    await hall.register(reading(name=RIGHT if doing == "right card" else "李育成"))
                except Conflict:
                    continue
        after = hall.residents.all[before.id]
        made = [each for each in hall.published if isinstance(each, RegistrationCorrected)]
        asked = [doing for doing in doings if doing != "wrong card"]
        first = next((at for at, doing in enumerate(asked) if doing.startswith("permit")), len(asked))
        assert len(made) == int("right card" in asked[first:])
        assert after.card.name == (RIGHT if made else "李育成")

    asyncio.run(happens())


async def test_a_name_that_differs_in_what_names_keep_apart_is_compared_by_a_person(hall: Hall) -> None:
    before = await hall.register(reading(name="李干"))
    renewed = {"name": "李乾", "valid_from": date(2026, 11, 1)}
    assert await refused(hall, **renewed) == [("name-not-confirmed", "name")]
    confirmed = reading(**renewed).model_copy(update={"name_confirmed": True})
    with pytest.raises(Conflict, match="name-not-confirmed"):
        await hall.register(confirmed, by=TERMINAL)

    after = await hall.register(confirmed)

    assert (after.id, after.card.name) == (before.id, "李乾")
    assert [step.what for step in after.history[1:]] == ["name-confirmed", "card-renewed"]


async def test_confirming_makes_no_other_name_the_same(hall: Hall) -> None:
    await hall.register(reading())
    with pytest.raises(Conflict, match="registered-with-other-name"):
        await hall.register(reading(name="李育诚").model_copy(update={"name_confirmed": True}))


async def test_an_approved_correction_needs_no_confirmation(hall: Hall) -> None:
    before = await hall.register(reading(name="李干"))
    await permit(hall, before, value="李乾")
    assert (await hall.register(reading(name="李乾"))).card.name == "李乾"


OFFICER, COLLEAGUE = (SigningPerson(f"reviewer-hall-0{n}", departments=["service-hall"]) for n in (1, 2))
PATH = f"/v1/tasks/{task_id('cor_1', 'correction')}/correction"
Signing = Callable[[], Sequence[Mapping[str, str]] | None]


@pytest.fixture
def strict() -> Hall:
    names = ("review-dispatch.correction-answered", "data-rights.correction-permitted")
    return Hall(dict.fromkeys(names, date(2026, 11, 1)))


def signed(body: Mapping[str, object] | None = None, *, by: SigningPerson = OFFICER, path: str = PATH) -> Signing:
    at = received(View()).time
    return lambda: [by.signed(path, body or {"result": "corrected"}, at=at)]


async def answer(hall: Hall, resident: Resident, by: Signing | None, **changed: object) -> None:
    said = {
        "correction_id": "cor_1",
        "holder": CorrectionHolder(index=resident.holder_index),
        "document_type": "registration",
        "field": "name",
        "result": "corrected",
        "value": RIGHT,
        "officers": ["reviewer-hall-01"],
        "answered_at": hall.clock(),
        "signed_requests": by and by(),
    }
    event = received(
        CorrectionAnswered.model_validate({**said, **changed}), type="review-dispatch.correction-answered.v1"
    )
    hall.commit(await corrections.note_answer(event, hall.deps))


async def test_what_officers_answered_and_signed_is_permitted(strict: Hall) -> None:
    before = await strict.register(reading())
    await answer(strict, before, signed())
    await permit(strict, before, signed_requests=signed()())
    assert (await strict.register(reading(name=RIGHT))).card.name == RIGHT


FORGED: dict[str, tuple[Signing | None, dict[str, object]]] = {
    "unsigned": (None, {}),
    "signed by none": (list, {}),
    "another department's": (signed(by=SigningPerson("reviewer-hall-01", departments=["health"])), {}),
    "another officer's": (signed(by=COLLEAGUE), {}),
    "a clerk's": (signed(by=SigningPerson("reviewer-hall-01", "clerk", departments=["service-hall"])), {}),
    "for another correction": (signed(path=f"/v1/tasks/{task_id('cor_2', 'correction')}/correction"), {}),
    "a refusal": (signed({"result": "refused"}), {}),
    "of another value": (signed(), {"value": "王大明"}),
    "of another field": (signed(), {"field": "birth_date", "value": "1940-01-01"}),
    "by other officers": (signed(), {"officers": ["reviewer-hall-02"]}),
    "by others who answered nothing": (signed(by=COLLEAGUE), {"officers": ["reviewer-hall-02"]}),
    "of another person": (signed(), {"holder": CorrectionHolder(index=NUMBERS.of(number_for(GIRL_BORN, "002")))}),
}


@pytest.mark.parametrize(("by", "changed"), FORGED.values(), ids=FORGED.keys())
async def test_data_rights_alone_permits_nothing(strict: Hall, by: Signing | None, changed: dict[str, object]) -> None:
    before, other = await strict.register(reading()), await strict.register(girl())
    await answer(strict, before, signed())
    with pytest.raises(BrokenMessageError) as caught:
        await permit(strict, before, signed_requests=by and by(), **changed)
    assert caught.value.reason == "not-signed-by-person"
    assert all(strict.residents.all[each.id].permits == () for each in (before, other))


async def test_what_review_dispatch_has_not_told_waits(strict: Hall) -> None:
    before = await strict.register(reading())
    with pytest.raises(NotYet):
        await permit(strict, before, signed_requests=signed()())


async def test_review_dispatch_alone_answers_nothing(strict: Hall) -> None:
    before = await strict.register(reading())
    old = OFFICER.signed(PATH, {"result": "corrected"}, at=received(View()).time - timedelta(hours=1))
    for by in (None, signed({"result": "corrected", "value": "王大明"}), lambda: [old]):
        with pytest.raises(BrokenMessageError):
            await answer(strict, before, by)
    await answer(strict, before, signed())
    await answer(strict, before, signed(), field="birth_date", value="1940-01-01")  # the first answer stays
    await permit(strict, before, signed_requests=signed()())


async def test_a_correction_that_was_under_way_before_its_day_still_ends(hall: Hall) -> None:
    later = Hall(dict.fromkeys(("review-dispatch.correction-answered", "data-rights.correction-permitted"), date.max))
    for each, by in ((hall, None), (later, None), (later, signed()())):
        before = await each.register(reading())
        await permit(each, before, signed_requests=by)
        assert (await each.register(reading(name=RIGHT))).card.name == RIGHT
        each.residents.all.clear()


async def test_one_that_was_permitted_before_its_day_can_still_be_made(hall: Hall, strict: Hall) -> None:
    before = await hall.register(reading())
    await permit(hall, before)
    strict.residents.all.update(hall.residents.all)
    assert (await strict.register(reading(name=RIGHT))).card.name == RIGHT
