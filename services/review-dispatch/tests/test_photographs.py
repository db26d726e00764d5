"""Photographs of a visit: cleaned, kept with the task, shown to those who may see it, and gone with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from review_dispatch.domain.task import Task
from review_dispatch.handlers import photographs
from scans.files import StoredFile
from task_window import NOW, Window, door, opened, review, told

JPEG = b"\xff\xd8\xff\xe0 a picture of a door"


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


@pytest.fixture
async def check(window: Window) -> Task:
    task = window.keep(door())
    await window.claim("grid", task)
    window.runtime.told.clear()
    return task


async def test_a_photograph_is_cleaned_kept_and_shown_while_the_door_is_in_hand(window: Window, check: Task) -> None:
    taken = await window.photograph("grid", check, JPEG)
    assert taken.status_code == 201
    [shown] = taken.json()["photographs"]
    assert (shown["media_type"], shown["by"], shown["size"]) == ("image/jpeg", "grid", len(JPEG) + len(b" cleaned"))
    content = await window.ask("grid", "GET", f"/{check.id}/photographs/{shown['photograph_id']}")
    assert content.content == JPEG + b" cleaned"
    assert (content.headers["content-type"], content.headers["cache-control"]) == ("image/jpeg", "private, no-store")
    assert [(look.how, look.holder.resident_id) for look in window.looks()][-1] == ("opened", "res_man")


async def test_after_the_visit_it_is_shown_to_those_who_may_follow_the_task_for_a_stated_purpose(
    window: Window, check: Task
) -> None:
    [shown] = (await window.photograph("grid", check, JPEG)).json()["photographs"]
    path = f"/{check.id}/photographs/{shown['photograph_id']}"
    await window.ask("grid", "POST", f"/{check.id}/approval", {"standard_reason": "lives-here"})
    assert told(await window.ask("grid", "GET", path)) == (422, "purpose-needed")
    for unsaid in ("。", "%20", "%E2%80%8B"):
        assert told(await window.ask("grid-too", "GET", f"{path}?purpose={unsaid}")) == (422, "purpose-needed")
    assert (await window.ask("grid-too", "GET", f"{path}?purpose=复核")).status_code == 200
    assert (window.looks()[-1].purpose, window.looks()[-1].by.subject) == ("复核", "grid-too")
    for stranger in ("grid-elsewhere", "wang", "operator", "man"):
        assert (await window.ask(stranger, "GET", f"{path}?purpose=复核")).status_code == 403


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.7", 415, "scan-media-type"),
        (b"GIF89a", 415, "scan-media-type"),
        (b"", 422, "scan-empty"),
        (JPEG + bytes(10 * 1024 * 1024), 413, "scan-too-large"),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing(
    window: Window, check: Task, content: bytes, status: int, code: str
) -> None:
    assert told(await window.photograph("grid", check, content)) == (status, code)
    assert window.files.contents == {}


async def test_a_photograph_needs_a_door_in_hand(window: Window, check: Task) -> None:
    paper = window.keep(review())
    await window.claim("wang", paper)
    assert told(await window.photograph("wang", paper, JPEG)) == (422, "visit-needs-a-door")
    assert told(await window.photograph("grid-too", check, JPEG)) == (409, "task-claimed-by-another")
    assert told(await window.photograph("grid-elsewhere", check, JPEG)) == (403, "task-of-others")
    assert window.files.contents == {}


async def test_ten_are_enough_and_one_can_be_taken_back(window: Window, check: Task) -> None:
    handed_in = [await window.photograph("grid", check, JPEG + bytes([number])) for number in range(10)]
    assert told(await window.photograph("grid", check, JPEG)) == (409, "too-many-photographs")
    blurred = handed_in[-1].json()["photographs"][0]["photograph_id"]
    left = await window.ask("grid", "DELETE", f"/{check.id}/photographs/{blurred}")
    assert len(left.json()["photographs"]) == len(window.files.contents) == 9
    assert told(await window.ask("grid", "DELETE", f"/{check.id}/photographs/{blurred}")) == (404, "no-such-photograph")


async def test_what_a_crash_left_behind_is_swept_away_and_nothing_else(window: Window, check: Task) -> None:
    [shown] = (await window.photograph("grid", check, JPEG)).json()["photographs"]
    await window.files.put(StoredFile("photo_lost", check.id), JPEG, "image/jpeg")
    await window.files.put(StoredFile("photo_nowhere", "task_x"), JPEG, "image/jpeg")
    await photographs.sweep(window.deps)
    assert len(window.files.contents) == 3
    window.clock.now = NOW + timedelta(hours=2)
    await photographs.sweep(window.deps)
    assert [*window.files.contents] == [shown["photograph_id"]]
