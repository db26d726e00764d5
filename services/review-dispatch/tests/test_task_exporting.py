"""A resident gets the tasks that were about them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from review_dispatch.handlers import exporting
from review_dispatch.published import DataExported
from runtime import exports
from runtime.holders import Holder as Whose
from task_window import Window, opened, review
from testkit.fakes import received


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_a_resident_gets_the_tasks_that_were_about_them(window: Window) -> None:
    task, (public, private) = window.keep(review()), exports.new_key()
    for resident, ids in (("res_child", [task.id]), ("res_other", [])):
        holder = Whose(resident_id=resident, index="9f" * 32)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (event,) = (await exporting.export(received(asked), window.deps)).events
        assert isinstance(event, DataExported)
        held = exports.opened(event.sealed, private).get("tasks", [])
        assert [each["id"] for each in held] == ids
