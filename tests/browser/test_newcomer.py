"""The newcomer's day, clicked by all its people, on phones and at desks."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser

from local_stack.stack import Stack
from tests.browser.visitor import SCREENS
from tests.journeys import screens
from tests.journeys.clicked import journey
from tests.journeys.demo import system_of


async def test_the_newcomers_day_is_done_by_clicking(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    lines: list[str] = []
    lived = await journey.live(system_of(stack), browser, "zh-CN", lines.append)
    assert lived.ok, "\n".join(lines)
    assert [step.name for step in lived.steps] == list(journey.STEPS)
    assert len(list(SCREENS.glob("[0-9][0-9]-*.png"))) == sum("〔" in line for line in lines)
    assert all(path.stat().st_size < screens.MOST for path in screens.reduce(SCREENS, tmp_path))


def test_the_readme_shows_the_four_pictures_and_they_are_small() -> None:
    shown = re.findall(r'src="(docs/screens/[^"]+)"', (screens.ROOT / "README.md").read_text(encoding="utf-8"))
    assert {Path(each).stem for each in shown} == set(screens.FOUR)
    assert all((screens.ROOT / each).stat().st_size < screens.MOST for each in shown)
