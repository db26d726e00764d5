"""Naming somebody by number tells nothing of that person: not in the answer, not in the time that it takes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from random import Random
from time import perf_counter

import pytest

from applications.domain.inquiry_code import new_code
from applications.inquiries import use_cases
from runtime.errors import NotFound
from services.applications.tests.office import NUMBER_OF, TENANCY
from services.applications.tests.service import Service

NOBODYS = "11010519491231002X"
PAIRS = 40
LIMIT = 4.0
"""Standard deviations of a fair coin; a test that compares equal times fails by chance once in 16,000 runs."""


def lean(first: list[float], second: list[float]) -> float:
    """Return how far the winners of pairs lean to one side, in standard deviations of a fair coin (sign test).

    Which of two neighbours in time is faster does not depend on how loaded the machine is, and no outlier weighs more
    than one pair.
    """
    wins = sum(a < b for a, b in zip(first, second, strict=True))
    return abs(wins - len(first) / 2) / math.sqrt(len(first) / 4)


async def nothing() -> None:
    """Leave what there is."""


async def interleaved(
    first: Callable[[], Awaitable[object]],
    second: Callable[[], Awaitable[object]],
    after: Callable[[], Awaitable[object]] = nothing,
) -> tuple[list[float], list[float]]:
    """Time two things in pairs, each pair in random order; what is done after each is not timed."""
    times: tuple[list[float], list[float]] = ([], [])
    dice = Random(1)
    for _ in range(PAIRS):
        for which in dice.sample((0, 1), 2):
            begun = perf_counter()
            await (first, second)[which]()
            times[which].append(perf_counter() - begun)
            await after()
    return times


def test_the_measure_finds_a_small_difference_in_much_noise() -> None:
    dice = Random(7)
    noise = [dice.expovariate(1 / 0.02) for _ in range(PAIRS)]
    assert lean([it + 0.005 for it in noise], [it + dice.gauss(0, 0.002) for it in noise]) > LIMIT
    assert lean(noise, dice.sample(noise, PAIRS)) < LIMIT


async def test_an_applicant_learns_nothing_of_whom_they_name_as_second_party(service: Service) -> None:
    await service.knows("newcomer", "landlord")

    async def name(number: str) -> object:
        body = {"item": "rental-contract-filing", "second_party_number": number, "form": TENANCY}
        answer = await service.call("POST", "/v1/applications", body)
        said = answer.json()
        id = said.pop("application_id")
        submitted = (await service.call("POST", f"/v1/applications/{id}/submission")).json()
        keep = ("state", "now", "documents", "second_party", "reasons")
        return answer.status_code, {key: said[key] for key in keep}, {key: submitted[key] for key in keep}

    assert await name(NUMBER_OF["landlord"]) == await name(NOBODYS)


@pytest.mark.parametrize("by", ["subject_number", "subject_id"])
async def test_naming_somebody_elses_child_takes_as_long_as_naming_nobodys(service: Service, by: str) -> None:
    await service.knows("newcomer", "landlord", "child", "senior")
    known, unknown = {
        "subject_number": (NUMBER_OF["landlord"], NOBODYS),
        "subject_id": ("child", "res_00000000000000000000000000"),
    }[by]

    async def name(whom: str) -> tuple[int, str, str]:
        answer = await service.call("POST", "/v1/applications", {"item": "school-enrolment", by: whom})
        said = answer.json()
        return answer.status_code, said["code"], said["detail"]

    assert await name(known) == await name(unknown)
    assert lean(*await interleaved(lambda: name(known), lambda: name(unknown))) < LIMIT


async def test_a_wrong_code_takes_as_long_for_a_number_that_there_is_as_for_one_that_there_is_not(
    service: Service,
) -> None:
    await service.knows("senior")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    number = str((await service.submits(id, by="senior"))["reference"])

    async def ask(tried: str) -> None:
        with pytest.raises(NotFound):
            await use_cases.ask(tried, new_code(), service.app.state.deps)

    assert lean(*await interleaved(lambda: ask(number), lambda: ask("20261123NOBODYS0"))) < LIMIT


async def test_naming_a_second_party_takes_the_same_time(service: Service) -> None:
    await service.knows("newcomer", "landlord")

    async def name(number: str) -> None:
        body = {"item": "rental-contract-filing", "second_party_number": number, "form": TENANCY}
        assert (await service.call("POST", "/v1/applications", body)).status_code == 201

    async def clear() -> None:  # or the drafts would be too many
        await service.database["applications"].delete_many({})

    times = await interleaved(lambda: name(NUMBER_OF["landlord"]), lambda: name(NOBODYS), clear)
    assert lean(*times) < LIMIT
