"""A resident gets the tasks that were about them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from privacy.holders import Holder as Whose
from review_dispatch.handlers import data_export
from task_window import Window, opened, review


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_a_resident_gets_the_tasks_that_were_about_them(window: Window) -> None:
    task = window.keep(review())
    for resident, ids in (("res_child", [task.id]), ("res_other", [])):
        holder = Whose(resident_id=resident, index="9f" * 32)
        held = (await data_export.gather(holder, window.deps))["tasks"]
        assert [each["id"] for each in held] == ids


async def test_what_a_reviewer_signed_is_not_handed_out(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    assert (await window.ask("wang", "POST", f"/{task.id}/approval", {})).status_code == 200
    assert window.tasks.all[task.id].approvals[0].signed is not None
    holder = Whose(resident_id="res_child", index="9f" * 32)
    [approval] = (await data_export.gather(holder, window.deps))["tasks"][0]["approvals"]
    assert (approval["by"], "signed" in approval) == ("wang", False)
