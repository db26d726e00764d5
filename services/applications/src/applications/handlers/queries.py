"""Looking at applications: one's own, and what everybody may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from applications.domain.application import Application, State
from applications.domain.decided import Decided
from applications.domain.form import Prefilled
from applications.domain.issued import Issued
from applications.domain.statistics import Month, told_cases
from applications.domain.submission import defaults_of
from applications.domain.task_claims import TaskClaim
from applications.handlers.access_events import seen
from applications.handlers.dependencies import Deps
from applications.handlers.parties import acts_for, as_known_now, holdings_of, owned, people_of, readable
from bus.event import Outcome
from runtime.clock import today
from runtime.errors import Conflict, NotAllowed
from web.auth import Principal
from web.presences import PresentCaller


@dataclass(frozen=True, slots=True)
class SeenApplication:
    """An application with the credential that it brought, the applicant's opinion of it, and who is at it now."""

    application: Application
    credential: Issued | None
    decided: Decided | None
    hands: Sequence[TaskClaim]
    prefilled: Sequence[Prefilled] = ()
    """What answers the form where the applicant has not, while it can still be changed."""

    @property
    def version(self) -> int:
        return self.application.version


@dataclass(frozen=True, slots=True)
class WantedApplications:
    """Which applications somebody wants to see: whose, of which state and item (None: any), before an id."""

    by: PresentCaller
    applicant_id: str
    before: str | None
    limit: int
    state: State | None
    item: str | None


async def see(application_id: str, by: Principal, deps: Deps) -> Outcome[SeenApplication]:
    """Show one of one's own applications, or of a ward's; for a child, that is told."""
    shown = await _seen(application_id, by, deps)
    told = seen(shown.application, [shown.application.subject], by, deps)
    return Outcome(accesses=told, case=application_id, result=shown)


async def follow(application_id: str, by: Principal, deps: Deps) -> Outcome[SeenApplication]:
    """Show where one of one's own applications stands, or one of a ward's, which is told."""
    shown = await _seen(application_id, by, deps)
    told = seen(shown.application, [shown.application.applicant], by, deps)
    return Outcome(accesses=told, case=application_id, result=shown)


async def _seen(application_id: str, by: Principal, deps: Deps) -> SeenApplication:
    application = await readable(application_id, by, deps)
    granted = application.granted is not None
    credential = await deps.credentials.of_application(application.id) if granted else None
    decided = await deps.decisions.get(application.id) if application.decided_at else None
    hands = [] if application.is_final else await deps.hands.of_application(application.id)
    return SeenApplication(application, credential, decided, hands, await _prefilled(application, deps))


async def changed(outcome: Outcome[Application], deps: Deps) -> Outcome[SeenApplication]:
    """Show an application that was just begun or changed, with what answers its form where the applicant has not."""
    assert outcome.result is not None  # noqa: S101 - what begins or changes one returns it
    shown = SeenApplication(outcome.result, None, None, (), await _prefilled(outcome.result, deps))
    return Outcome(outcome.changes, outcome.events, outcome.case, shown, accesses=outcome.accesses)


async def _prefilled(application: Application, deps: Deps) -> Sequence[Prefilled]:
    item = deps.catalogue.items.get(application.item)
    if item is None or application.state not in ("draft", "returned"):
        return ()
    try:
        people = await people_of(application, deps)
    except NotAllowed:  # somebody in it is just being learnt anew
        return ()
    present, holdings = as_known_now(application, people), await holdings_of(people, deps)
    drawn = defaults_of(present, item, holdings, deps.clock())
    return [each for each in drawn if each.field.key not in application.form]


async def own(wanted: WantedApplications, deps: Deps) -> Outcome[list[Application]]:
    """Show a page of one's own applications or, which is told, of a ward's, newest first, and one of the next page.

    Raises NotAllowed for anybody else's.
    """
    if not await acts_for(wanted.by.resident.subject, wanted.applicant_id, deps):
        raise NotAllowed("no-guardianship", field="applicant")
    found = await deps.applications.of_applicant(
        wanted.applicant_id, before=wanted.before, limit=wanted.limit + 1, state=wanted.state, item=wanted.item
    )
    shown = found[: wanted.limit]
    told = [event for each in shown for event in seen(each, [each.applicant], wanted.by.eyes, deps)]
    return Outcome(accesses=told, case=wanted.applicant_id, result=found)


async def notices(deps: Deps, *, month: date | None, before: tuple[datetime, str] | None, limit: int) -> list[Decided]:
    """Return the public notices of a month, latest first: what each item's policy has published, then and now.

    Of an item that is in the catalogue no more, nothing is. As many are shown as the open statistics count: the latest
    few come when there are more. Raises Refusal for a month to come.
    """
    asked = Month.of(month, today(deps.clock()))
    published, end = deps.catalogue.published(None), (asked.until, "")
    held_back = 0
    if before is None:
        figures = await deps.decisions.published_figures(
            published, since=asked.since, until=asked.until, rated_before=asked.until
        )
        held_back = sum(row.decided for row in figures) - (told_cases(figures) or 0)
    found = await deps.decisions.latest(
        since=asked.since, before=min(before or end, end), limit=held_back + limit, published=published
    )
    return found[held_back:]


async def rate(application_id: str, score: int, comment: str | None, by: Principal, deps: Deps) -> Outcome[Decided]:
    """Say how satisfied one was, once for each decided application. Raises Conflict."""
    application = await owned(application_id, by, deps)
    decided = await deps.decisions.get(application.id)
    if decided is None:
        raise Conflict("not-decided")
    rated = decided.rated(score, comment, deps.clock())
    return Outcome(changes=[deps.decisions.save(rated)], result=rated)
