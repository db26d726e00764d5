"""The tasks of an erased case go, whatever comes late makes none anew, and what stays is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.event import NotYet
from privacy.erasure import ErasureRequested
from privacy.holders import Holder as Whose
from review_dispatch.handlers import data_erasure
from review_dispatch.views import CasesErased
from task_desk import APP, Delivery, Desk, after, decision, door, event_of, failed, rejected, withdrawn


def erased(hour: int = 10) -> Delivery:
    """The case's data is gone."""
    event = event_of(CasesErased(cases=[APP]), "applications.data-erased.v1", hour)
    return partial(data_erasure.erase_cases, event)


def erasure(hour: int) -> Delivery:
    """The child's guardian asks for erasure."""
    asked = ErasureRequested(erasure_id="era_1", holder=Whose(resident_id="res_child", index="9f" * 32))
    return partial(data_erasure.erase, event_of(asked, "data-rights.erasure-requested.v1", hour))


async def test_the_tasks_of_an_erased_case_go_and_nothing_that_comes_late_makes_one_anew() -> None:
    desk = Desk()
    for delivery in (failed(), door(), decision(), withdrawn(), erased()):
        await desk.hear(delivery)
    assert desk.tasks.all == {}

    for delivery in (failed(attempt=2), failed("housing"), door(11), decision(11), rejected(12), erased(13)):
        await desk.hear(delivery)
    assert desk.tasks.all == {}


@given(st.permutations([failed(), failed(attempt=2), door(), decision(), withdrawn(), erased()]))
@settings(max_examples=60)
def test_wherever_the_erasure_comes_no_task_is_left(deliveries: list[Delivery]) -> None:
    assert asyncio.run(after(deliveries)).tasks.all == {}


async def test_the_answer_waits_for_the_cases_that_are_about_to_go_and_not_for_ever() -> None:
    desk = Desk()
    for delivery in (failed(), withdrawn()):
        await desk.hear(delivery)
    desk.clock.advance(timedelta(hours=10))
    with pytest.raises(NotYet):
        await desk.hear(erasure(10))
    desk.clock.advance(timedelta(seconds=31))
    await desk.hear(erasure(10))
    assert [event.type for event in desk.told[-1:]] == ["review-dispatch.data-erased.v1"]

    await desk.hear(erased())
    await desk.hear(erasure(11))
    assert desk.told[-1].type == "review-dispatch.data-erased.v1"
