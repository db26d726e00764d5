"""What operations finds of a resident: failures wherever they stand in them, the trail of their own case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from operations import store
from operations.domain.concerned import PLACES_OF_IDS, PLACES_OF_INDEXES
from operations.domain.trail import Recorded
from operations.handlers import data_export
from privacy.exports import Content
from privacy.holders import Holder
from services.operations.tests.archive import WholeArchive, prepared, recorded
from services.operations.tests.letterbox import EXAMPLES, NOON, example, raw
from store.repository import Database

MINE, INDEX = "res_01kb2m8c4n6p7r9t1v2w3x4y5z", "3ab1" * 16


class Archive(WholeArchive):
    async def fails(self, event: dict[str, Any]) -> None:
        await self.take(raw(event, event["id"], NOON))

    async def exported(self, resident_id: str, index: str) -> Content:
        return await data_export.gather(Holder(resident_id=resident_id, index=index), self.deps)


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with prepared(database, store.INDEXES) as committer:
        yield Archive(database, committer)


def of_case(case: str, number: int) -> Recorded:
    return recorded(example(correlationid=case, id=f"{case}-{number}"), number)


async def test_a_resident_gets_what_failed_about_them_and_the_events_of_their_registration(archive: Archive) -> None:
    child = example("applications.application-approved.v1")
    assert INDEX in str(child["data"]) or MINE in str(child["data"])
    await archive.fails({**child, "id": "about-me"})
    by_index = example("credential-store.credential-stored.v1", id="by-index")
    by_index["data"]["holder"] = {"resident_id": None, "index": INDEX}
    await archive.fails(by_index)
    await archive.fails(example(id="about-another"))
    await archive.trail.record([of_case(MINE, 1), of_case("res_other", 2)])

    content = await archive.exported(MINE, INDEX)

    assert {each["event_id"] for each in content["failures"]} == {"about-me", "by-index"}
    assert all(each.keys() >= {"service", "event_type", "reason", "state"} for each in content["failures"])
    assert [each["id"] for each in content["trail"]] == [f"{MINE}-1"]


async def test_whom_nothing_is_about_gets_an_empty_part(archive: Archive) -> None:
    await archive.fails(example(id="about-another"))

    assert await archive.exported("res_nobody", "0" * 64) == {"failures": [], "trail": []}


def test_every_place_where_an_event_names_somebody_is_looked_at() -> None:
    names = {"resident_id", "guardian_id", "child_id", "holder_index", "index"}
    found: set[str] = set()

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            found.update(f"{path}/{name}" for name in value.keys() & names)
            for name, part in value.items():
                walk(part, f"{path}/{name}")
        elif isinstance(value, list):
            for part in value:
                walk(part, f"{path}/*")

    for file in EXAMPLES.glob("*.example*.json"):
        walk(orjson.loads(file.read_bytes())["data"], "/data")

    assert found <= {*PLACES_OF_IDS, *PLACES_OF_INDEXES}
