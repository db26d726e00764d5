"""The words of failures: any search finds by them what it should, those that an earlier release kept on pages, too."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from bus.event import Outcome
from operations.domain import tokens
from operations.domain.search import Criteria
from operations.domain.tokens import FieldKey
from operations.handlers import failures
from operations.store.earlier import own_words, renew_words
from services.operations.tests.archive import Archive, opened
from services.operations.tests.letterbox import NOON, example, raw
from store.repository import Database, Document

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
    (None, None, None, after(1.0005)),
)
"""Service, channel, message, and the moment before which."""


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with opened(database) as archive:
        yield archive


@pytest.mark.parametrize("age", ["a page for many", "a document for each"])
async def test_words_that_an_earlier_release_kept_beside_its_failures_are_their_own_from_now_on(
    archive: Archive, age: str
) -> None:
    await archive.take(raw(example(id="a"), "1", after(0)), raw(example(id="b"), "2", after(1), message="elsewhere"))
    kept = await archive.database["failures"].find({}).sort("last_seen", 1).to_list()
    await archive.database["failures"].update_many({}, {"$unset": {"words": ""}, "$set": {"page": "p1"}})
    await archive.database["failure-words"].insert_many(paged(kept) if age == "a page for many" else alone(kept))
    assert await archive.found(text="keyerror") == []

    await own_words(archive.database)
    await own_words(archive.database)

    assert await archive.database["failures"].find({}).sort("last_seen", 1).to_list() == kept
    assert await archive.found(text="keyerror", service="matcher") == ["b", "a"]
    assert await archive.found(text="elsewhere") == ["b"]
    assert "failure-words" not in await archive.database.list_collection_names()


async def test_the_key_of_the_index_alone_makes_no_word_of_a_value_also_of_what_an_earlier_release_kept(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = "/data/channel=window"
    with monkeypatch.context() as earlier:
        earlier.setattr(FieldKey, "renewed", lambda _, word: word)
        await archive.take(raw(example(id="a"), "1", after(0)))
        assert await archive.found(fields=(wanted,)) == ["a"]
        old = tokens.wanted(Criteria(fields=(wanted,)), archive.deps.words_key)
    assert await archive.found(fields=(wanted,)) == []

    await renew_words(archive.database, archive.deps.words_key)

    assert await archive.found(fields=(wanted,)) == ["a"]
    [kept] = await archive.database["failures"].find({}).to_list()
    assert set(old).isdisjoint(kept["words"])
    assert not any(word.startswith("=") for word in kept["words"])


def paged(failures: Sequence[Document]) -> list[Document]:
    """Write them as a page: its words, and of each entry a bit for each word that it has."""
    words = sorted({word for each in failures for word in each["words"]})
    order = {id_: [word for word in words if word in has] for id_, has in words_of(failures).items()}
    for each in failures:
        each["words"] = order[each["_id"]]  # the order of words says nothing
    bits = {id_: sum(1 << words.index(word) for word in has) for id_, has in order.items()}
    size = (len(words) + 7) // 8
    entries = [
        {"id": each["_id"], "at": each["last_seen"], "has": bits[each["_id"]].to_bytes(size, "big")}
        for each in failures
    ]
    return [{"_id": "p1", "words": words, "last_seen": failures[-1]["last_seen"], "of": entries}]


def words_of(failures: Sequence[Document]) -> dict[str, set[str]]:
    return {each["_id"]: set(each["words"]) for each in failures}


def alone(failures: Sequence[Document]) -> list[Document]:
    return [{name: each[name] for name in ("_id", "words", "last_seen")} for each in failures]


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
