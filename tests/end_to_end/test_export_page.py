"""A resident reads their export through the gateway: in words, with nothing internal in it."""

from __future__ import annotations

import re
from html import unescape

from runtime.texts import LANGUAGES
from tests.end_to_end.town import Town
from tests.journeys import exports, portal, scans

INTERNAL = (
    re.compile(r"\b(?:res|app|task|crd|gua|scan|acc)_\w+"),
    re.compile(r"(?<![\w-])[a-z]+(?:[_-][a-z]+)+(?![\w-])"),
    re.compile(r"\b[0-9a-f]{16,}\b"),
    re.compile(r"\d\d:\d\d:\d\d|T\d\d:\d\d|\+00:00"),
)
SAID_SO = {"self-service", "second-party"}
"""Words with a hyphen that are English, and the account that stands for the other party."""


async def test_the_export_of_a_days_work_tells_nothing_internal(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    assert made.child is not None
    case = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    await portal.hand_in(resident, case, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, case)
    await portal.draft(resident, "school-enrolment", {}, subject_id=town.ids[made.child.number])
    where = await exports.ready(resident)
    for language in LANGUAGES:
        page = (await resident.speaking(language).send("GET", f"{where}/page")).text
        text = unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
        assert made.head.name in text
        assert [word for each in INTERNAL for word in each.findall(text) if word not in SAID_SO] == []
