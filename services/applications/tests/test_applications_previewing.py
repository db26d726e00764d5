"""What an erasure would do is told by the rules by which it is done, and no more is done than was told."""

from __future__ import annotations

import random
from typing import get_args

from applications.domain.application import State
from services.applications.tests.archive import opened
from store.repository import Database

WHO = "res_asks"
SEED = 20261129


async def test_the_preview_of_any_applications_is_what_the_erasure_then_does(database: Database) -> None:
    dice = random.Random(SEED)
    async with opened(database) as archive:
        for number in range(12):
            await archive.file(f"app_{number:02d}", dice.choice(get_args(State)), by=WHO)
        await archive.file("app_others", "draft", by="res_other")
        before = await archive.left()
        shown = await archive.preview(WHO)
        assert await archive.left() == before, "a preview erases nothing"
        done = await archive.erase(WHO, shown.cases)
        assert (done.erased, done.kept) == (shown.erased, shown.kept), f"seed {SEED}"
        kinds = [each.kind for each in shown.kept]
        assert len(kinds) == len(set(kinds)), f"seed {SEED}: people, guardianships and holdings are one kind"
        assert sorted(done.cases) == sorted(shown.cases)
        assert (await archive.left())["applications"] == before["applications"] - set(shown.cases)


async def test_what_has_come_since_the_preview_stays_and_is_told_as_that(database: Database) -> None:
    async with opened(database) as archive:
        await archive.file("app_shown", "draft", by=WHO)
        shown = await archive.preview(WHO)
        await archive.file("app_since", "draft", by=WHO)
        done = await archive.erase(WHO, shown.cases)
        assert (await archive.left())["applications"] == {"app_since"}
        assert [(each.kind, each.count) for each in done.erased] == [("drafts", 1)]
        assert [(each.kind, each.count) for each in done.kept] == [("drafts", 1)]


async def test_what_was_submitted_since_the_preview_stays(database: Database) -> None:
    async with opened(database) as archive:
        await archive.file("app_shown", "draft", by=WHO)
        shown = await archive.preview(WHO)
        await database["applications"].update_one({"_id": "app_shown"}, {"$set": {"state": "in-progress"}})
        done = await archive.erase(WHO, shown.cases)
        assert (await archive.left())["applications"] == {"app_shown"}
        assert [(each.kind, each.count) for each in done.kept] == [("open-applications", 1)]
