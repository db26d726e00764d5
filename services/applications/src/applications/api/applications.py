"""/v1/applications: draft, change, submit, withdraw, look at one's own, say how it was."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from applications.api.application_views import ApplicationSummary, ApplicationView, SatisfactionView
from applications.api.parts import ApplicationId, DepsOf, ItemCode, Resident, WordingOf
from applications.api.requests import DraftRequest, FormChange, SatisfactionGiven, WithdrawalGiven
from applications.domain.application import Application, State
from applications.domain.decided import Decided
from applications.handlers import lifecycle, queries
from applications.handlers.presence import helped, helper_of, shown, told
from applications.handlers.queries import SeenApplication, WantedApplications
from bus.event import Outcome
from web.pages import Cursor, Limit, Page, page
from web.presences import CallerAtScreen, CallerOf
from web.routes import Commit, IfMatch

router = APIRouter(prefix="/applications", tags=["applications"])


@router.post(
    "",
    summary="Begin an application",
    description="Who may not apply is refused at once, with the rule that is not met.",
    status_code=201,
    responses={201: {"model": ApplicationView}},
)
async def draft(body: DraftRequest, by: CallerOf, deps: DepsOf, commit: Commit, wording: WordingOf) -> Response:
    """Begin a draft."""

    async def begun() -> Outcome[SeenApplication]:
        drafted = await lifecycle.draft(replace(body.new, helper=helper_of(by)), by.resident, deps)
        return told(await queries.changed(drafted, deps), by, deps)

    return await commit(begun, lambda found: ApplicationView.seen(found, wording), status=201)


async def _wanted(
    by: CallerAtScreen,
    cursor: Cursor,
    item: ItemCode = None,
    applicant: Annotated[str | None, Query(max_length=60, description="A child whose guardian I am")] = None,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    limit: Limit = 20,
) -> WantedApplications:
    return WantedApplications(
        by, applicant or by.resident.subject, str(cursor[0]) if cursor else None, limit, state, item
    )


@router.get("", summary="See my applications, or a ward's, newest first", response_model=Page[ApplicationSummary])
async def list_own(
    wanted: Annotated[WantedApplications, Depends(_wanted)], deps: DepsOf, commit: Commit, wording: WordingOf
) -> Response:
    """Give one's own applications, or a ward's."""

    def show(found: list[Application]) -> Page[ApplicationSummary]:
        view = partial(ApplicationSummary.of, wording=wording)
        return page(found, wanted.limit, key=lambda each: [each.id], view=view)

    return await commit(lambda: queries.own(wanted, deps), show, only_looks=True)


@router.get("/{application_id}", summary="See one of my applications", response_model=ApplicationView)
async def see(
    application_id: ApplicationId, by: CallerOf, deps: DepsOf, commit: Commit, wording: WordingOf
) -> Response:
    """Give an application with its documents, reasons, and the credential that it brought."""
    return await commit(
        lambda: shown(application_id, lambda: queries.see(application_id, by.resident, deps), by, deps),
        lambda found: ApplicationView.seen(found, wording),
        only_looks=True,
    )


@router.patch(
    "/{application_id}",
    summary="Change answers of the form, or what of the evidence may be used, in a draft or after a return",
    responses={200: {"model": ApplicationView}},
)
async def change(
    application_id: ApplicationId,
    body: FormChange,
    by: CallerOf,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
    if_match: IfMatch,
) -> Response:
    """Change answers and choices."""

    async def changed() -> Outcome[SeenApplication]:
        outcome = await lifecycle.change(application_id, body.change, by.resident, deps, if_match=if_match)
        return await queries.changed(outcome, deps)

    return await commit(
        lambda: helped(application_id, changed, by, deps), lambda found: ApplicationView.seen(found, wording)
    )


@router.post(
    "/{application_id}/submission",
    summary="Submit, or submit again after a return",
    responses={200: {"model": ApplicationView}},
)
async def submit(
    application_id: ApplicationId, by: CallerOf, deps: DepsOf, commit: Commit, wording: WordingOf, if_match: IfMatch
) -> Response:
    """Send what has to be proven to the matcher."""

    async def submitted() -> Outcome[Application]:
        return await lifecycle.submit(application_id, by.resident, deps, if_match=if_match)

    return await commit(
        lambda: helped(application_id, submitted, by, deps),
        lambda application: ApplicationView.of(application, wording),
    )


@router.post("/{application_id}/withdrawal", summary="Withdraw", responses={200: {"model": ApplicationView}})
async def withdraw(
    application_id: ApplicationId,
    by: Resident,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
    if_match: IfMatch,
    body: WithdrawalGiven | None = None,
) -> Response:
    """End the application at its applicant's wish."""
    reason = body.reason if body else None
    return await commit(
        lambda: lifecycle.withdraw(application_id, reason, by, deps, if_match=if_match),
        lambda application: ApplicationView.of(application, wording),
    )


@router.post(
    "/{application_id}/satisfaction",
    summary="Say how satisfied I was, once",
    status_code=201,
    responses={201: {"model": SatisfactionView}},
)
async def rate(
    application_id: ApplicationId, body: SatisfactionGiven, by: Resident, deps: DepsOf, commit: Commit
) -> Response:
    """Record how satisfied the applicant was."""
    return await commit(
        lambda: queries.rate(application_id, body.score, body.comment, by, deps), _satisfaction, status=201
    )


def _satisfaction(decided: Decided) -> SatisfactionView:
    return SatisfactionView(score=decided.score or 0, comment=decided.comment)
