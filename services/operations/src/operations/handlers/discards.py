"""Putting failures away, one or many, and taking them back within the term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.event import Outcome
from operations.domain import failure as states
from operations.domain.failure import Failure, State, Summary
from operations.domain.search import ChosenFailures, Criteria
from operations.handlers.dependencies import Deps
from operations.handlers.failures import find, select
from runtime.errors import Conflict, TextKey, check_version

LARGEST = 2_000
"""Failures that are put away or taken back in one commit; whoever has more asks again."""


@dataclass(frozen=True, slots=True)
class SettledFailures:
    """How many failures were put away or taken back; `more` when there are more than fit into one commit.

    To go on with the same selection and nothing that has failed since, search again with this `until`.
    """

    count: int
    more: bool
    until: datetime


async def discard(id: str, reason: str | None, by: str, deps: Deps, if_match: int | None = None) -> Outcome[Failure]:
    """Put one failure away. Raises Refusal without a reason, NotFound, PreconditionFailed, Conflict."""
    why = states.stated(reason)
    failure = await find(id, deps)
    check_version(failure.version, if_match)
    after = states.discard(failure, by, why, deps.clock())
    entry = await deps.audit.entry(by=by, action="failure-discarded", target=id, reason=why, details=_about(failure))
    return Outcome(changes=[*deps.failures.moved([(failure, after)]), *entry], result=after)


async def restore(id: str, reason: str | None, by: str, deps: Deps, if_match: int | None = None) -> Outcome[Failure]:
    """Take one discarded failure back. Raises NotFound, PreconditionFailed, Conflict when its term is over."""
    failure = await find(id, deps)
    check_version(failure.version, if_match)
    after = states.restore(failure, deps.clock(), _term(deps))
    entry = await deps.audit.entry(
        by=by, action="failure-restored", target=id, reason=(reason or "").strip(), details=_about(failure)
    )
    return Outcome(changes=[*deps.failures.moved([(failure, after)]), *entry], result=after)


async def discard_all(chosen: ChosenFailures, reason: str | None, by: str, deps: Deps) -> Outcome[SettledFailures]:
    """Put away what is chosen. Raises Refusal, NotFound, Conflict when something of it is being replayed."""
    why = states.stated(reason)
    now = deps.clock()
    return await _settle(chosen, "open", lambda each: states.discard(each, by, why, now), (by, why), deps)


async def restore_all(chosen: ChosenFailures, reason: str | None, by: str, deps: Deps) -> Outcome[SettledFailures]:
    """Take back what is chosen. Raises Refusal, NotFound, Conflict when something of it is over its term."""
    now, term = deps.clock(), _term(deps)
    why = (reason or "").strip()
    return await _settle(chosen, "discarded", lambda each: states.restore(each, now, term), (by, why), deps)


async def _settle(
    chosen: ChosenFailures,
    state: State,
    change: Callable[[Summary], Summary],
    who_and_why: tuple[str, str],
    deps: Deps,
) -> Outcome[SettledFailures]:
    chosen.check()
    until = _until(chosen, deps)
    found, more = await select(_frozen(chosen, until), deps, wanted=(state,), most=LARGEST)
    _require(found, state)
    moves = [(each, change(each)) for each in found]
    settled = SettledFailures(len(moves), more, until)
    if not moves:
        return Outcome(result=settled)
    by, why = who_and_why
    entry = await deps.audit.entry(
        by=by,
        action="failures-discarded" if state == "open" else "failures-restored",
        target=_target(chosen),
        reason=why,
        details={"count": len(moves), "first": moves[0][0].id, "last": moves[-1][0].id},
    )
    return Outcome(changes=[*deps.failures.moved(moves), *entry], result=settled)


def _require(found: Sequence[Summary], state: State) -> None:
    """Say how many of what was chosen by id can't be changed, and which."""
    replaying = [each.id for each in found if each.state == "replaying"]
    if replaying:
        raise Conflict("some-being-replayed", count=len(replaying), ids=", ".join(replaying[:5]))
    others = [each.id for each in found if each.state != state]
    if others:
        raise Conflict(
            "some-in-another-state", count=len(others), ids=", ".join(others[:5]), state=TextKey(f"web.states.{state}")
        )


def _until(chosen: ChosenFailures, deps: Deps) -> datetime:
    given = chosen.search.until if chosen.search else None
    return given or deps.clock() + timedelta(milliseconds=1)


def _frozen(chosen: ChosenFailures, until: datetime) -> ChosenFailures:
    """Leave out what fails from now on."""
    if chosen.failures is not None:
        return chosen
    criteria = chosen.search or (Criteria(group=chosen.group) if chosen.group else None)
    return chosen if criteria is None else ChosenFailures(search=criteria.model_copy(update={"until": until}))


def _target(chosen: ChosenFailures) -> str:
    if chosen.search is not None:  # what was searched for may be personal
        return "search: " + ", ".join(sorted(chosen.search.model_dump(exclude_defaults=True)))
    return chosen.group or "failures"


def _about(failure: Summary) -> dict[str, str]:
    return {"service": failure.service, "event": failure.event_id, "group": failure.group}


def _term(deps: Deps) -> timedelta:
    return timedelta(days=deps.settings.discard_days)
