"""The eight steps, one after another; what a browser complains about on the way is a fault, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from playwright.async_api import Browser

from runtime.clock import today, utc_now
from runtime.texts import Language
from tests.browser.visitor import SCREENS, Visitors
from tests.journeys.cast import cast
from tests.journeys.clicked.after import look_back
from tests.journeys.clicked.arriving import file_tenancy, register
from tests.journeys.clicked.day import ClickedDay
from tests.journeys.clicked.permit import obtain_permit
from tests.journeys.clicked.school import obtain_school_place, second_parent
from tests.journeys.clicked.seniors import grant_senior_card, reject_withdrawn
from tests.journeys.day import System
from tests.journeys.newcomer import Step, Told, go_through

STEPS: Mapping[str, Callable[[ClickedDay], Awaitable[None]]] = {
    "register": register,
    "tenancy": file_tenancy,
    "school": obtain_school_place,
    "permit": obtain_permit,
    "second-parent": second_parent,
    "senior": grant_senior_card,
    "withdrawn": reject_withdrawn,
    "after": look_back,
}


async def live(system: System, browser: Browser, language: Language, tell: Callable[[str], None] = print) -> Told:
    """Live through the day by clicking; it ends at the first step that goes wrong."""
    for old in SCREENS.glob("[0-9][0-9]-*.png"):
        old.unlink()
    now = today(utc_now())
    visitors = Visitors(browser, system.gateway)
    try:
        async with system.connect() as client:
            day = ClickedDay(system, client, cast(now), now, language, tell, visitors=visitors)
            told = await go_through(STEPS, day)
            if not told.ok:
                await day.picture_everybody()
    finally:
        faults = await visitors.leave()
    if faults and told.ok:
        return replace(told, steps=(*told.steps, Step("browsers", ok=False, seconds=0.0, why="; ".join(faults))))
    return told
