"""Routes of failures: find, read, look at in clear, put away, take back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from operations.api.failure_views import DisclosureView, FailureSummary, FailureView, SettledView, stored
from operations.api.parameters import After, Asked, DepsOf, ManyGiven, Operator, OperatorReason, place
from operations.domain.failure import Failure
from operations.handlers import discards
from operations.handlers import failures as handlers
from standards.bounds import Name
from web import routes
from web.pages import Limit, Page, page

router = APIRouter(prefix="/failures", tags=["failures"])

Id = Annotated[Name, Path(examples=["f0a1b2c3d4e5f60718293a4b5c6d7e8f"])]


class Changing:
    """What the ways to change one failure take besides their bodies."""

    def __init__(self, id: Id, by: Operator, deps: DepsOf, if_match: routes.IfMatch, commit: routes.Commit) -> None:
        self.id = id
        self.by = by.subject
        self.deps = deps
        self.if_match = if_match
        self.commit = commit

    def view(self, failure: Failure) -> FailureView:
        """Show the changed failure as it will be stored."""
        return FailureView.showing(handlers.show(failure, self.deps), stored(failure))


@router.get("", summary="Find failures, the latest first")
async def search(asked: Asked, by: Operator, deps: DepsOf, after: After, limit: Limit = 20) -> Page[FailureSummary]:
    """Everything that is given must be met; without a question, all failures are listed."""
    del by
    found = await handlers.search(asked, after, limit, deps)
    return page(found, limit, key=lambda it: place(it.last_seen, it.id), view=FailureSummary.of)


@router.post("/discards", summary="Put many failures away", response_model=SettledView)
async def discard_all(given: ManyGiven, by: Operator, deps: DepsOf, commit: routes.Commit) -> Response:
    """Put away the open ones of a group or a search, or those named; at most 2,000 in one request.

    Refused without a reason (422), for unknown ids (404), and when a named one is being replayed (409).
    """
    return await commit(lambda: discards.discard_all(given.chosen, given.reason, by.subject, deps), SettledView.of)


@router.post("/restorations", summary="Take many discarded failures back", response_model=SettledView)
async def restore_all(given: ManyGiven, by: Operator, deps: DepsOf, commit: routes.Commit) -> Response:
    """Take back the discarded ones of a group or a search, or those named, within the term."""
    return await commit(lambda: discards.restore_all(given.chosen, given.reason, by.subject, deps), SettledView.of)


@router.get("/{id}", summary="Read one failure")
async def read(id: Id, by: Operator, deps: DepsOf, response: Response) -> FailureView:
    """Show everything about a failure; what is personal is masked."""
    del by
    failure = await handlers.find(id, deps)
    response.headers["ETag"] = routes.etag(failure.version)
    return FailureView.showing(handlers.show(failure, deps), related=await handlers.related(failure, deps))


@router.post("/{id}/disclosures", summary="Look at a message in clear", response_model=DisclosureView)
async def disclose(id: Id, given: OperatorReason, by: Operator, deps: DepsOf, commit: routes.Commit) -> Response:
    """Show the whole message to an operator who says why; who looked and why is recorded."""
    return await commit(
        lambda: handlers.disclose(id, given.reason, by.subject, deps), DisclosureView.of, only_looks=True
    )


@router.post("/{id}/discard", summary="Put a failure away", response_model=FailureView)
async def discard(given: OperatorReason, about: Annotated[Changing, Depends()]) -> Response:
    """Put an open failure away; for 30 days it can be taken back, then its message is removed."""
    return await about.commit(
        lambda: discards.discard(about.id, given.reason, about.by, about.deps, about.if_match), about.view
    )


@router.post("/{id}/restoration", summary="Take a discarded failure back", response_model=FailureView)
async def restore(given: OperatorReason, about: Annotated[Changing, Depends()]) -> Response:
    """Open a discarded failure again, within its term; a reason may be given."""
    return await about.commit(
        lambda: discards.restore(about.id, given.reason, about.by, about.deps, about.if_match), about.view
    )
