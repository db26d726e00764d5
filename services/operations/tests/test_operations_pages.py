"""The pages of words: what came together shares one, what went leaves it, and a search still finds what it should."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from messaging.documents import Document
from messaging.event import Outcome
from operations.domain.search import Criteria
from operations.handlers import failures
from runtime.kernel import Database
from services.operations.tests.archive import Archive, opened
from services.operations.tests.letterbox import NOON, example, raw

SEED = random.randrange(10_000)
CHANNELS = ("window", "terminal")
TOLD = ("broken", "timeout", "refused")
SECONDS = (0, 1, 1, 3, 9.999, 12, 4000, 9000)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


ASKED: tuple[tuple[str | None, str | None, str | None, datetime | None], ...] = (
    (None, None, "timeout", None),
    ("matcher", None, None, None),
    ("applications", "window", None, after(3700)),
    (None, "terminal", "refused", None),
    (None, None, "broken", after(1.0005)),
)
"""Service, channel, message, and the moment before which."""


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with opened(database) as archive:
        yield archive


async def pages(archive: Archive) -> list[Document]:
    return await archive.database["failure-words"].find({}).to_list()


async def test_those_that_fail_together_share_a_page_and_those_of_another_time_do_not(archive: Archive) -> None:
    letters = [raw(example(id=f"e{n}"), f"a{n}", after(n / 10)) for n in range(40)]
    await archive.take(*letters, raw(example(id="late"), "b", after(60)))

    assert sorted(len(page["of"]) for page in await pages(archive)) == [1, 8, 32]


async def test_a_page_loses_the_words_of_what_left_it_and_goes_with_its_last(archive: Archive) -> None:
    await archive.take(*(raw(example(id=id_), id_, after(n / 10)) for n, id_ in enumerate(("first", "second"))))
    found = await failures.search(Criteria(), None, 5, archive.deps)
    by_event = {each.event_id: each for each in found}

    await archive.commit(Outcome(archive.failures.moved([(by_event["first"], None)])))
    assert await archive.found(text="keyerror") == ["second"]
    await archive.commit(Outcome(await archive.failures.worn_pages(5)))

    (page,) = await pages(archive)
    assert "event:second" in page["words"]
    assert "event:first" not in page["words"]
    assert await archive.found(text="keyerror") == ["second"]
    assert await archive.failures.worn_pages(5) == []

    await archive.commit(Outcome(archive.failures.moved([(by_event["second"], None)])))
    await archive.commit(Outcome(await archive.failures.worn_pages(5)))
    assert await pages(archive) == []


async def test_what_was_described_before_there_were_pages_is_found_as_well(archive: Archive) -> None:
    await archive.take(raw(example(id="old"), "a", after(0)))
    (old,) = await failures.search(Criteria(), None, 5, archive.deps)
    words = (await pages(archive))[0]["words"]
    await archive.database["failure-words"].delete_many({})
    await archive.database["failure-words"].insert_one({"_id": old.id, "words": words, "last_seen": old.last_seen})

    assert await archive.found(text="keyerror", service="matcher") == ["old"]
    assert await archive.found(text="keyerror", service="identity") == []


async def test_any_search_finds_what_a_look_at_each_failure_finds(archive: Archive) -> None:
    """Letters of four hours in any order, some of them again with other words, some gone; page by page."""
    print(f"seed {SEED}")  # noqa: T201 - shown when it fails
    dice = random.Random(SEED)
    told: dict[str, tuple[datetime, str, str, str]] = {}
    for batch in range(6):
        letters = []
        for n in dice.sample(range(60), 25):
            at = after(dice.choice(SECONDS) + batch * 0.001)
            event, queue = example(id=f"e{n}"), dice.choice(("matcher", "applications"))
            channel, message = CHANNELS[n % 2], dice.choice(TOLD)
            event["data"] |= {"channel": channel}
            letters.append(raw(event, f"{batch}-{n}", at, queue=f"{queue}.dead-letters", message=message))
            key = f"e{n} {queue}"
            if key not in told or at >= told[key][0]:
                told[key] = (at, queue, channel, message)
        await archive.take(*letters)
        await archive.commit(Outcome(await archive.failures.worn_pages(dice.choice((1, 50)))))
    known = {
        f"{each.event_id} {each.service}": each for each in await failures.search(Criteria(), None, 500, archive.deps)
    }
    assert known.keys() == told.keys()
    gone = dice.sample(sorted(known), 10)
    await archive.commit(Outcome(archive.failures.moved([(known[key], None) for key in gone])))

    for service, of_channel, told_of, until in ASKED:
        fields = (f"/data/channel={of_channel}",) if of_channel else ()
        expected = sorted(
            (
                (at, known[key].id, key.partition(" ")[0])
                for key, (at, queue, its_channel, its_message) in told.items()
                if key not in gone
                and service in {None, queue}
                and of_channel in {None, its_channel}
                and told_of in {None, its_message}
                and (until is None or at < until)
            ),
            reverse=True,
        )
        for size in (3, 200):
            found = await archive.paged(size, service=service, fields=fields, text=told_of, until=until)
            assert found == [event for _, _, event in expected], (service, of_channel, told_of, until, size)
