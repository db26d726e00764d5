"""The portal: what the first page weighs, what pages cost, who can use them, how much one has to do.

A page's server time is taken from the gateway's log: the page and the calls that it makes are there under one id, each
timed from the first byte of its request to the last of its answer. What a call waits for in the portal, before it is
sent and after it was answered, counts against the page. The gateway's clock has whole milliseconds; in 500 simulated
measurements of 40 requests the p95 of these was right within 0.1 ms from 3 ms on, and half a millisecond high at 1.5.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Error, Page
from playwright.async_api import TimeoutError as NotInTime

from local_stack.ports import PROCESSES
from local_stack.stack import Stack
from portal.places import PLACES
from runtime.clock import today, utc_now
from synthetic.households import households
from tests.bench.figures import Figure
from tests.bench.portal_journeys import GOALS, JOURNEYS, Walk
from tests.browser.visitor import DESK, LANGUAGES, PHONE, Visitor, Visitors, chromium, cookie, inspect
from tests.end_to_end.town import PERFECT, Town
from tests.journeys import portal as interface
from tests.journeys.demo import system_of
from tests.journeys.waiting import StillWaitingError, until
from tests.load.forms import form_for

HEAVIEST = 60.0
"""Kilobytes of the first page, with its styles and scripts, over the wire."""
SLOWEST = 1.5
"""The server time of a page against that of the slowest call that it makes, both at p95."""
ROUNDS = 40
SEED = 1302
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

STAFF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "window": ("clerk-lin", ("/window/", "/window/look-up", "/window/guardianship")),
    "desk": ("reviewer-fan", ("/desk/", "/desk/tasks", "/desk/tasks?overdue=true", "/desk/takeovers?of=x")),
    "doors": ("grid-ou", ("/doors/",)),
    "office": ("official-jiang", ("/office/", "/office/reviews", "/office/reviews/vaccination-record")),
}
"""Who of the staff sees which pages, by place."""
HALL = tuple(f"/hall/{each}" for each in ("", "notices", "progress", "statistics", "windows", "status"))
FOR_ALL = ("/", "/items", "/items?q=老", "/items/residence-permit", "/my/nothing", "/signed-out", *HALL)
PERSONAL = (
    *("/", "/items/residence-permit", "/items/school-enrolment", "/items/rental-contract-filing"),
    *("/my/applications", "/my/credentials", "/my/accesses", "/my/data"),
)


@dataclass(frozen=True)
class Looking:
    """Somebody at a browser, and the pages that they see."""

    visitor: Visitor
    pages: Sequence[str]


@dataclass
class Walks:
    """How many journeys were gone to their end, and what they took."""

    actions: dict[str, int] = field(default_factory=dict)
    passed: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})


async def portal(var: Path, port_base: int) -> list[Figure]:
    """Take all figures over a whole running system."""
    with Stack(var, port_base=port_base, services=PROCESSES) as stack:
        async with chromium() as browser, system_of(stack).connect() as client:
            day = today(utc_now())
            town = Town(stack, system_of(stack), client, day, households(SEED, day, PERFECT))
            visitors = Visitors(browser, stack.gateway_url)
            walks = await walk_all(town, visitors)
            people = await everybody(town, visitors)
            figures = [
                await weight(people["stranger"].visitor, "first page, of a stranger"),
                await weight(people["resident"].visitor, "first page, of a resident"),
                *_figures_of(walks),
                *await server_times(stack, people),
                await examine(people.values()),
            ]
            await visitors.leave()
            return figures


async def everybody(town: Town, visitors: Visitors) -> dict[str, Looking]:
    """Have one of everybody sign in: a stranger, a resident who is filling in and has applied, and the staff."""
    made = town.meet("newcomers")
    head = await town.welcome(made)
    await town.tell(*made.records)
    form = form_for("residence-permit", made, town.today)
    sent = await interface.draft(head, "residence-permit", form)
    await interface.submit(head, sent)
    draft = f"/my/applications/{await interface.draft(head, 'residence-permit', {})}"
    steps = ("questions/address", "evidence", "documents/housing", "check")
    own = (f"/my/applications/{sent}", f"/my/applications/{sent}/receipt", *(f"{draft}/{each}" for each in steps))
    people = {
        "stranger": Looking(await visitors.come(), FOR_ALL),
        "resident": Looking(await visitors.come(), (*PERSONAL, *own)),
    }
    await people["resident"].visitor.sign_in(number=made.head.number)
    for place in (each.name for each in PLACES if each.name in STAFF):
        subject, pages = STAFF[place]
        people[place] = Looking(await visitors.come(size=DESK), pages)
        await people[place].visitor.sign_in(subject=subject)
    return people


async def weight(visitor: Visitor, name: str) -> Figure:
    """Weigh the first page as a browser that has nothing yet receives it: headers and bodies, as they are packed."""
    session = await visitor.page.context.new_cdp_session(visitor.page)
    received: list[float] = []
    session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await visitor.page.goto(f"{visitor.url}/", wait_until="networkidle")
    await session.detach()
    kilobytes = sum(received) / 1000
    against = f"goal: at most {HEAVIEST:.0f} kB in {len(received)} files"
    return Figure(name, kilobytes, "kB", ratio=HEAVIEST / kilobytes, goal=1.0, against=against)


async def server_times(stack: Stack, people: Mapping[str, Looking], rounds: int = ROUNDS) -> list[Figure]:
    """Ask for all pages in turn, again and again; give the p95 of each over that of the slowest call that it makes.

    Of each request the slowest call counts, whichever it is.
    """
    asked: dict[str, list[str]] = {}
    for turn, (who, looking) in product(range(rounds), people.items()):
        for number, path in enumerate(looking.pages):
            id_ = f"bench-{who}-{number}-{turn}"
            await looking.visitor.page.context.request.get(
                f"{looking.visitor.url}{path}", headers={"X-Request-Id": id_}, max_redirects=0
            )
            asked.setdefault(f"{_shown(path)} ({who})", []).append(id_)

    async def logged() -> Mapping[str, list[dict[str, Any]]]:
        return _by_request(stack.log("gateway"))

    last = list(asked.values())[-1][-1]
    lines = await until(logged, lambda found: last in found, what="the gateway's log")
    return [figure for path, ids in asked.items() for figure in _times(path, [lines[each] for each in ids])]


def _times(path: str, requests: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[Figure]:
    """Give the figure of a page; of one that makes no call, as what is public is kept for a while, there is nothing.

    Only the requests that made a call are compared: a page that had all that it needs is faster than any call.
    """
    pages = [float(line["seconds"]) for lines in requests for line in lines if not _is_call(line)]
    calling = [lines for lines in requests if any(_is_call(line) for line in lines)]
    name = f"{path}, p95"
    if len(calling) <= 1:
        yield Figure(name, _p95(pages), "ms", against="makes no call")
        return
    page = _p95([float(line["seconds"]) for lines in calling for line in lines if not _is_call(line)])
    call = _p95([max(float(line["seconds"]) for line in lines if _is_call(line)) for lines in calling])
    against = f"its slowest call: {call:.1f} ms, made in {len(calling)} of {len(requests)} requests"
    yield Figure(name, page, "ms", call / page, goal=1 / SLOWEST, against=against)


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def _by_request(log: str) -> Mapping[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in log.splitlines():
        if '"request_id":"bench-' in line:
            told = json.loads(line)
            found.setdefault(told["request_id"], []).append(told)
    return found


def _is_call(line: Mapping[str, Any]) -> bool:
    return str(line["path"]).startswith(("/v1/", "/services/"))


def _shown(path: str) -> str:
    """Write a page's address without anybody's ids."""
    return "/".join("…" if each.startswith("app_") else each for each in path.split("/"))


async def examine(people: Iterable[Looking]) -> Figure:
    """Look at every page with all rules of axe in both languages, light and dark, on a phone and at a desk."""
    pages, looks, wrong = 0, 0, list[str]()
    for looking in people:
        page = looking.visitor.page
        for path, language in product(looking.pages, LANGUAGES):
            pages += language == LANGUAGES[0]
            await page.context.add_cookies([cookie(looking.visitor, "-language", language)])
            await page.goto(f"{looking.visitor.url}{path}")
            for size, mode in product((PHONE, DESK), MODES):
                looks += 1
                wrong += [f"{path} {language} {size['width']} {mode}: {each}" for each in await _seen(page, size, mode)]
    for each in wrong:
        print(each)
    against = f"goal: 0; {pages} pages, each in 2 languages × 2 modes × 2 widths: {looks} looks"
    return Figure("what is wrong for people (axe, targets, sideways scrolling)", len(wrong), "faults", against=against)


async def _seen(page: Page, size: Any, mode: Literal["light", "dark"]) -> list[str]:  # noqa: ANN401 - as it is typed there
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=mode)
    return await inspect(page, phone=size == PHONE)


async def walk_all(town: Town, visitors: Visitors) -> Walks:
    """Go every journey with a script and without."""
    walks = Walks()
    for (name, journey), scripts in product(JOURNEYS.items(), (True, False)):
        try:
            taken = await journey(Walk(town, visitors, scripts))
        except (AssertionError, Error, NotInTime, StillWaitingError) as error:
            print(f"{name}, {'with' if scripts else 'without'} a script: {error}")
            continue
        walks.passed[scripts] += 1
        walks.actions[name] = max(taken, walks.actions.get(name, 0))
    return walks


def _figures_of(walks: Walks) -> Iterator[Figure]:
    for scripts, passed in walks.passed.items():
        name = f"journeys {'with' if scripts else 'without'} JavaScript"
        yield Figure(name, passed, "passed", passed / len(JOURNEYS), goal=1.0, against=f"of {len(JOURNEYS)}")
    for name, taken in walks.actions.items():
        goal = GOALS.get(name)
        against = f"goal: at most {goal}" if goal else ""
        yield Figure(
            name, taken, "actions", goal / taken if goal else None, goal=1.0 if goal else None, against=against
        )
