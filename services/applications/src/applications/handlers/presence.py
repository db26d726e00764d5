"""Applying for the person who stands there: while a visit lasts, by who read the card, and nothing else is opened.

The application is the resident's own; every step of the helper is told to the resident. After the submission a clerk
changes nothing more, and reads only what was made in the visit. At a terminal nobody but the resident looks and types:
it shows all of the resident's own, and goes on with what waits for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from applications.domain.application import Application
from applications.domain.presence import Helper
from applications.handlers.access_events import seen
from applications.handlers.dependencies import Deps
from applications.handlers.parties import acts_for
from applications.handlers.queries import SeenApplication
from bus.event import Outcome
from runtime.errors import Conflict, NotFound
from web.auth import Role
from web.presences import PresentCaller


class _Concerns(Protocol):
    @property
    def application(self) -> Application:
        """The application that it is about."""


ResultT = TypeVar("ResultT", bound=Application | SeenApplication)
ShownT = TypeVar("ShownT", bound=_Concerns)


def helper_of(caller: PresentCaller) -> Helper | None:
    """Return who helps, as the application remembers it."""
    if caller.helper is None or caller.presence_id is None:
        return None
    return Helper(presence_id=caller.presence_id, by=caller.helper.subject, role=caller.helper.role)


async def helped(
    application_id: str, work: Callable[[], Awaitable[Outcome[ResultT]]], caller: PresentCaller, deps: Deps
) -> Outcome[ResultT]:
    """Do a step of an application; a clerk does it only with a draft that was begun in the same visit.

    Raises NotFound for any other application, Conflict for one that was submitted.
    """
    await refuse_unhelped(application_id, caller, deps)
    return told(await work(), caller, deps)


async def refuse_unhelped(application_id: str, caller: PresentCaller, deps: Deps) -> None:
    """Refuse a clerk everything but a draft that was begun in the same visit. Raises NotFound, Conflict."""
    helper = helper_of(caller)
    if helper is None:
        return
    application = await deps.applications.get(application_id)
    if application is None or not (application.helper == helper or _is_own_at_terminal(application, caller)):
        raise NotFound("unknown-application")
    waiting = ("draft", "returned") if _is_own_at_terminal(application, caller) else ("draft",)
    if application.state not in waiting:
        raise Conflict("helped-to-the-end")


def told(outcome: Outcome[ResultT], caller: PresentCaller, deps: Deps) -> Outcome[ResultT]:
    """Tell the people of an application what a helper did with it."""
    if caller.helper is None or outcome.result is None:
        return outcome
    application = _application_of(outcome.result)
    people = [application.applicant, application.subject]
    accesses = [*(outcome.accesses or ()), *seen(application, people, caller.helper, deps, how="worked-on")]
    return replace(outcome, case=application.id, accesses=accesses)


async def shown(
    application_id: str, look: Callable[[], Awaitable[Outcome[ShownT]]], caller: PresentCaller, deps: Deps
) -> Outcome[ShownT]:
    """Look at an application; a helper's look, at what was made in the same visit, is told as the helper's.

    Raises NotFound for any other application.
    """
    if caller.helper is None:
        return await look()
    application = await deps.applications.get(application_id)
    if application is None or not await _may_see(application, caller, deps):
        raise NotFound("unknown-application")
    outcome = await look()
    assert outcome.result is not None  # noqa: S101 - a look shows something
    found = outcome.result.application
    return replace(outcome, accesses=seen(found, [found.applicant, found.subject], caller.helper, deps))


async def _may_see(application: Application, caller: PresentCaller, deps: Deps) -> bool:
    if application.helper is not None and application.helper == helper_of(caller):
        return True
    return _is_at_terminal(caller) and await acts_for(caller.resident.subject, application.applicant_id, deps)


def _is_at_terminal(caller: PresentCaller) -> bool:
    return caller.helper is not None and caller.helper.role is Role.TERMINAL


def _is_own_at_terminal(application: Application, caller: PresentCaller) -> bool:
    return _is_at_terminal(caller) and application.applicant_id == caller.resident.subject


def _application_of(result: Application | SeenApplication) -> Application:
    return result.application if isinstance(result, SeenApplication) else result
