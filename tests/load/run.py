"""One run against a running system: fill it, bring the cases, wait until nothing moves, compare everything."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import httpx

from local_stack.devices import ProvingAuth
from runtime.texts import Language
from synthetic.caller import Caller, ProblemError, connect
from synthetic.flaws import shares
from synthetic.loader import appoint
from synthetic.outside import count_of_events, load_mirror, publish_records
from synthetic.people import SyntheticPerson
from synthetic.population import Population
from synthetic.progress import Advance, Bars
from synthetic.registration import register_all
from tests.journeys.day import Signs
from tests.journeys.waiting import StillWaitingError
from tests.load import staff
from tests.load.audit import Verdict, audit
from tests.load.cases import Visit, visits
from tests.load.evidence import TOPOLOGY, gather, settled
from tests.load.figures import Figures, figures
from tests.load.processor import between, spent
from tests.load.report import TEXTS, Report
from tests.load.residents import Hall, bring
from tests.load.staff import Office, Rules

SETTLING = 600.0
DEPARTMENTS = ("psb", "civil", "health", "edu", "housing", "land", "social-insurance")
DOORS = "community"
TROUBLES = (StillWaitingError, ProblemError, httpx.TransportError)
"""What ends a household's visit."""


@dataclass(frozen=True)
class Place:
    """The system that a run is made against."""

    gateway: str
    authority: Path | None
    amqp_url: str
    mongodb_url: str
    keys: Path
    folder: Path
    environment: Mapping[str, str]
    sign: Signs
    processes: Callable[[], Mapping[str, int]] = dict
    """The processes that are measured, by name: none of a system that was started elsewhere."""


@dataclass
class Run:
    """One run. `progress` says how far each part of it is, `seconds` how long it took, `troubles` what went wrong.

    `processor` is the processor time that each process took while the cases ran, in seconds.
    """

    place: Place
    cases: int
    seed: int
    day: date
    concurrency: int
    language: Language
    bars: Bars
    progress: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """Who comes."""
        return visits(self.seed, self.day, self.cases)

    @cached_property
    def population(self) -> Population:
        """Everybody who comes, and what is held on them."""
        return Population(self.seed, self.day, len(self.visits))

    @contextmanager
    def part(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Show a bar for one part of the run, and note how long it took."""
        begun = time.monotonic()
        with self.bars.bar(TEXTS.say(self.language, name), total) as advance:

            def count(steps: int) -> None:
                self.progress[name] += steps
                advance(steps)

            yield count
        self.seconds[name] = round(time.monotonic() - begun, 2)


async def perform(run: Run) -> Report:
    """Make a run and report on it."""
    async with connected(run) as client:
        with run.bars.shown():
            await tell_records(run)
            ids = await _register(run, client)
            hall = await _bring_all(run, client, ids)
            with run.part("auditing"):
                return await _reported(run, hall)


def connected(run: Run) -> httpx.AsyncClient:
    """Open the connections that everybody in a run shares."""
    connections = run.concurrency + 2 * staff.AT_ONCE
    place = run.place
    return connect(place.gateway, place.authority, connections=connections, auth=ProvingAuth(place.keys))


async def tell_records(run: Run) -> None:
    """Tell the system what government holds on everybody who will come."""
    place, population = run.place, run.population
    with run.part("mirror") as advance:
        advance(await load_mirror(population, place.folder / "mirror.jsonl", place.environment))
    with run.part("departments", count_of_events(population)) as advance:
        await publish_records(population, place.amqp_url, place.keys, advance)


def clerk_of(run: Run, client: httpx.AsyncClient) -> Caller:
    """Return the clerk at the window."""
    return Caller(client, run.place.sign("clerk", subject="clerk-hall"))


async def _register(run: Run, client: httpx.AsyncClient) -> dict[str, str]:
    """Register everybody; return their resident ids by number."""
    population, clerk = run.population, clerk_of(run, client)
    with run.part("residents", len(population.people)) as advance:
        ids = dict(await register_all(clerk, population.people, lambda: advance(1)))
    families = [made for made in population.households if made.child is not None]
    with run.part("guardianships", len(families)) as advance:
        for made in families:
            await appoint(clerk, made, ids)
            advance(1)
    with run.part("settling"):
        await settle(run)
    return ids


async def _bring_all(run: Run, client: httpx.AsyncClient, ids: dict[str, str]) -> Hall:
    """Let everybody come, so many households at a time, while the staff works."""
    with run.part("cases", run.cases) as advance:
        hall = hall_of(run, client, ids, lambda: advance(1))
        before = spent(run.place.processes())
        async with staffed(run, client, hall):
            waiting = iter(sorted(run.visits, key=lambda visit: -len(visit.cases)))  # the longest first: no tail
            await asyncio.gather(*(_serve(waiting, hall, run.troubles) for _ in range(run.concurrency)))
        run.processor = between(before, spent(run.place.processes()))
        return hall


def hall_of(run: Run, client: httpx.AsyncClient, ids: dict[str, str], decided: Callable[[], None]) -> Hall:
    """Return what the people of a run share; `ids` are the resident ids by number, to which more may be added."""
    return Hall(_signing_in(run.place, client, ids), ids, run.seed, run.day, decided)


@asynccontextmanager
async def staffed(run: Run, client: httpx.AsyncClient, hall: Hall) -> AsyncIterator[None]:
    """Have all offices at work within this."""
    rules = Rules(hall.cases.get, run.seed, run.day, run.troubles)
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(staff.work(office, rules)) for office in _offices(run.place, client)]
        yield
        for task in working:
            task.cancel()


async def _serve(waiting: Iterator[Visit], hall: Hall, troubles: list[str]) -> None:
    """Take one household after the other; one that fails is noted, the others go on."""
    for visit in waiting:
        try:
            await bring(visit, hall)
        except TROUBLES as error:
            troubles.append(f"household {visit.household.index}: {error!r}")


async def _reported(run: Run, hall: Hall) -> Report:
    await settle(run)
    evidence = await gather(run.place.amqp_url, run.place.mongodb_url, run.place.keys, hall.cases)
    verdict = audit(evidence, frozenset(hall.cases), TOPOLOGY)
    numbers = {application_id: case.number for application_id, case in hall.cases.items()}
    return _report(run, hall, figures(evidence.applications, numbers), verdict)


async def settle(run: Run) -> None:
    """Wait until nothing moves any more; that it did not come to rest is one of the run's troubles."""
    if not await settled(run.place.amqp_url, run.place.mongodb_url, seconds=SETTLING):
        run.troubles.append(f"still moving after {SETTLING:g} s")


def _report(run: Run, hall: Hall, counted: Figures, verdict: Verdict) -> Report:
    return Report(
        cases=run.cases,
        seed=run.seed,
        day=run.day.isoformat(),
        registered=len(run.population.people),
        records=sum(1 for _ in run.population.records),
        flaws=dict(shares().flaws),
        seconds=run.seconds,
        processor_ms_per_case={name: round(1000 * each / run.cases, 2) for name, each in run.processor.items()},
        figures=counted,
        lost=len(verdict.lost) + run.cases - len(hall.cases),
        doubled=len(verdict.doubled),
        lost_findings=verdict.lost,
        doubled_findings=verdict.doubled,
        compared=verdict.compared,
        troubles=tuple(run.troubles),
    )


def _signing_in(place: Place, client: httpx.AsyncClient, ids: Mapping[str, str]) -> Callable[[SyntheticPerson], Caller]:
    """Sign people in; whoever comes again is still signed in."""
    known: dict[str, Caller] = {}

    def sign_in(person: SyntheticPerson) -> Caller:
        if person.number not in known:
            known[person.number] = Caller(client, place.sign("resident", subject=ids[person.number]))
        return known[person.number]

    return sign_in


def _offices(place: Place, client: httpx.AsyncClient) -> Iterator[Office]:
    def worker(role: str, department: str, number: int) -> Caller:
        subject = f"{department}-{number}"
        return Caller(client, place.sign(role, subject=subject, departments=[department]))

    for department in DEPARTMENTS:
        yield Office(department, worker("reviewer", department, 1), worker("reviewer", department, 2))
    yield Office(DOORS, worker("grid-officer", DOORS, 1), worker("grid-officer", DOORS, 2))
