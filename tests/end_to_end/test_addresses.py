"""Addresses that once went wrong, all the way: a record, an application for the senior card and its decision.

Each of them is compared in the matcher's tests and judged in those of applications; here are one or two of each kind.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from synthetic import records
from tests.end_to_end.town import Town, refusal
from tests.journeys import portal
from tests.journeys.waiting import until

_ESTATE = "深圳市龙华区民治街道梅陇镇花园"
_PLACEHOLDERS = ("-", "/", "无")
_ROAD = "深圳市龙华区民治街道梅龙路12号"


async def _decided(town: Town, held: str, claimed: str) -> str:
    """Have the city hold one address and a senior claim another; return what becomes of the application."""
    made = town.meet("senior")
    resident = await town.welcome(made)
    photo = records.portrait_photo(made.head, town.today - timedelta(days=30))
    register = records.household_register(made.head, "051230044", held)
    told = records.named((photo, register), f"address-{made.head.number[-8:]}")
    await town.tell(*(replace(record, keeper="city") for record in told))
    proves = "needed" if held in _PLACEHOLDERS else "held"
    await until(
        lambda: portal.explain(resident, "senior-card"),
        lambda it: (it.need("photo"), it.need("status")) == ("held", proves),
        what="the records are known",
    )
    application = await portal.draft(resident, "senior-card", {"registered_address": claimed})
    await portal.submit(resident, application)
    seen = await until(
        lambda: portal.see(resident, application), lambda it: it.decided_at is not None, what="it is decided"
    )
    return seen.state


@pytest.mark.parametrize(
    ("held", "claimed"),
    [
        ("3栋1201", "Ⅲ栋1201"),
        ("3栋12层1号", "3栋1201室"),
    ],
)
async def test_another_writing_of_the_place_is_granted(town: Town, held: str, claimed: str) -> None:
    assert await _decided(town, _ESTATE + held, _ESTATE + claimed) == "approved"


async def test_a_radical_for_its_character_is_granted(town: Town) -> None:
    assert await _decided(town, f"{_ESTATE}3栋1201", f"{_ESTATE}3栋1201".replace("龙", "⻰")) == "approved"


@pytest.mark.parametrize(
    ("held", "claimed"),
    [
        (f"{_ESTATE}3栋2层A室", f"{_ESTATE}3栋3层A室"),
        (_ROAD, f"{_ROAD}地下室"),
        ("无", f"{_ESTATE}3栋1201"),
    ],
)
async def test_another_place_is_granted_to_nobody(town: Town, held: str, claimed: str) -> None:
    assert await _decided(town, held, claimed) == "rejected"


async def test_a_placeholder_is_refused_saying_what_to_write(town: Town) -> None:
    resident = await town.welcome(town.meet("senior"))
    problem = await refusal(portal.draft(resident, "senior-card", {"registered_address": "无"}))
    assert (problem.status, problem.code) == (422, "form-not-address")
    assert "民治街道幸福花园3栋503" in problem.action


@pytest.mark.parametrize(
    ("address", "item", "code"),
    [
        ("上海市浦东新区深圳大道1号", "senior-allowance", "not-eligible-registered-in"),
        ("廣東省深圳市龍華區民治街道1號", "senior-allowance", None),
        ("廣東省深圳市龍華區民治街道1號", "residence-permit", "not-eligible-not-registered-in"),
        ("深圳路1号", "residence-permit", "not-eligible-registered-unclear"),
    ],
)
async def test_the_front_of_the_card_s_address_decides_who_may_apply(
    town: Town, address: str, item: str, code: str | None
) -> None:
    made = town.meet("elder")
    resident = await town.welcome(replace(made, head=replace(made.head, address=address)))
    if code is None:
        assert await portal.draft(resident, item, {})
        return
    problem = await refusal(portal.draft(resident, item, {}))
    assert (problem.status, problem.code) == (422, code)
