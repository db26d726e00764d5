"""One run: the load, the faults beside it, and the account of both."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from local_stack.ports import SERVICES
from local_stack.stack import Stack
from tests.chaos.accounting import Account, Asked, account
from tests.chaos.answers import Bad, bad_answers, counted, told
from tests.chaos.effects import Effect, Stall, latest, longest, stalls, watched
from tests.chaos.faults import Fault, rounds
from tests.chaos.hall import Reception
from tests.chaos.report import TEXTS, Report, Told
from tests.chaos.unleashing import QUIET, Befallen, Unleashed, parts_of
from tests.load.audit import FINAL, audit
from tests.load.evidence import TOPOLOGY, Evidence, gather, kept
from tests.load.residents import Hall
from tests.load.run import Run, clerk_of, connected, hall_of, settle, staffed, tell_records


@dataclass(frozen=True)
class Plan:
    """For how long, which rounds of faults (None: drawn from the seed without end), and the pauses between them."""

    seconds: float
    rounds: Sequence[Sequence[Fault]] | None = None
    quiet: tuple[float, float] = QUIET


@dataclass(frozen=True)
class Seen:
    """What a run has seen: when the first case came (seconds since 1970), faults, effects, and who asked for what."""

    begun: float
    befallen: Sequence[Befallen]
    effects: Sequence[Effect]
    hall: Hall
    reception: Reception


async def perform(run: Run, stack: Stack, plan: Plan) -> Report:
    """Make a run against a stack that has just started, and report on it. Raises StackError when a part stays away."""
    with run.bars.shown():
        await tell_records(run)
        with run.part("settling"):
            await settle(run)
        seen = await _live_through(run, stack, plan)
        with run.part("auditing"):
            await settle(run)
            evidence = await gather(
                stack.amqp_url, stack.mongodb_url, stack.layout.keys, seen.hall.acknowledged | seen.hall.submitting
            )
            return _report(run, plan, seen, evidence, await _account(stack, seen, evidence), _answers(stack))


async def _live_through(run: Run, stack: Stack, plan: Plan) -> Seen:
    """Have the load and the faults side by side; both end with their time, what was begun is brought to its end."""
    dice = Random(run.seed)

    def tell(key: str, **params: object) -> None:
        said = TEXTS.say(run.language, key, **params)
        run.bars.console.print(f"{time.time() - begun:5.0f} s  {said}", highlight=False)

    async with connected(run) as client, watched(stack.mongodb_url) as watch:
        with run.part("cases", run.cases) as advance:
            hall = hall_of(run, client, {}, lambda: advance(1))
            reception = Reception(hall, clerk_of(run, client), run.visits, plan.seconds, run.troubles)
            unleashed = Unleashed(
                stack,
                dice,
                tell=lambda come: tell(f"faults.{come.kind}", target=come.target),
                whole=lambda: tell("whole"),
                troubles=run.troubles,
            )
            begun = time.time()
            async with staffed(run, client, hall), asyncio.TaskGroup() as group:
                group.create_task(reception.serve(run.concurrency))
                group.create_task(unleashed.run(*_rounds(plan, stack, dice), quiet=plan.quiet))
        await settle(run)
    return Seen(begun, unleashed.befallen, watch.effects, hall, reception)


def _rounds(plan: Plan, stack: Stack, dice: Random) -> tuple[Iterator[Sequence[Fault]], float]:
    """Return the rounds, and for how many seconds they are to come: those that are planned all do."""
    if plan.rounds is None:
        return rounds(dice, parts_of(stack)), plan.seconds
    return iter(plan.rounds), float("inf")


async def _account(stack: Stack, seen: Seen, evidence: Evidence) -> Account:
    """Compare what people asked for with what is kept."""
    there, hall = await kept(stack.mongodb_url), seen.hall
    asked = {
        "registration": (Asked(len(seen.reception.registering), hall.ids.values()), there.residents),
        "draft": (Asked(hall.drafts, hall.cases), there.applications),
        "submission": (Asked(len(hall.submitting), hall.acknowledged), there.submitted),
    }
    submitted = frozenset(hall.acknowledged) | (there.submitted & frozenset(hall.submitting))
    return account(asked, audit(evidence, submitted, TOPOLOGY), evidence.told, evidence.left)


def _answers(stack: Stack) -> list[Bad]:
    """Read from the gateway's log what went wrong there."""
    ports = {stack.ports.service(name, replica): name for name in SERVICES for replica in (1, stack.ports.replicas)}
    return bad_answers(stack.log("gateway").splitlines(), ports)


def _report(run: Run, plan: Plan, seen: Seen, evidence: Evidence, drawn_up: Account, bad: Sequence[Bad]) -> Report:
    found = stalls(seen.effects)
    first = min((each.begun for each in seen.befallen), default=float("inf"))
    _, quiet = longest([each for each in found if each.until < first], seen.begun, first)
    return Report(
        minutes=round(plan.seconds / 60, 2),
        seed=run.seed,
        cases=len(seen.hall.acknowledged),
        decided=sum(each["state"] in FINAL for each in evidence.applications.values()),
        faults=tuple(_told(seen, found, bad)),
        quiet=round(quiet, 2),
        answers=_by_name(counted(bad, seen.begun, float("inf"))),
        account=drawn_up,
        compared={"events": len(evidence.told), "handled": sum(map(len, evidence.inboxes.values()))},
        troubles=tuple(run.troubles),
    )


def _told(seen: Seen, found: Sequence[Stall], bad: Sequence[Bad]) -> Iterable[Told]:
    """Tell of each fault what happened from its beginning to that of the next round's first."""
    for place, fault in enumerate(seen.befallen):
        later = (each.begun for each in seen.befallen[place + 1 :] if each.begun > fault.ended)
        end = next(later, float("inf"))
        stalled, stall = longest(found, fault.begun, end)
        late, seconds = latest(seen.effects, fault.begun, end)
        yield Told(
            at=round(fault.begun - seen.begun, 1),
            kind=fault.kind,
            target=fault.target,
            held=round(fault.ended - fault.begun, 1),
            stall=round(stall, 2),
            stalled=stalled,
            latest=round(seconds, 2),
            late=late,
            answers=told(counted(bad, fault.begun, end)),
        )


def _by_name(counts: Mapping[tuple[str, int], int]) -> dict[str, int]:
    named: Counter[str] = Counter()
    for (service, status), count in counts.items():
        named[f"{status} {service}"] += count
    return dict(sorted(named.items()))
