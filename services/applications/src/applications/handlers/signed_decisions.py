"""Seeing that people decided what review-dispatch says: by the requests that they signed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from applications.domain.rules import Officer
from applications.handlers.dependencies import Deps
from applications.views import (
    DecisionMade,
    FieldCheckFailed,
    FieldCheckPassed,
    ReviewApproved,
    ReviewRejected,
    ReviewReturned,
)
from bus.event import Received
from web.auth import Principal, Role
from web.reviewers import BY_NAMED, OF_DEPARTMENT, REVIEWERS, task_id
from web.signed_requests import Signed, SignedDeed, is_soon, refuse_unless, signed_at

_WORKERS = frozenset({Role.REVIEWER, Role.GRID_OFFICER})
Reviewed = Received[ReviewApproved] | Received[ReviewRejected] | Received[ReviewReturned]
Checked = Received[FieldCheckPassed] | Received[FieldCheckFailed]


async def of_review(event: Reviewed, deps: Deps) -> None:
    """See that reviewers of the document's department decided on it, two where two approve.

    Raises BrokenMessageError, NotYet.
    """
    said = event.data
    task = task_id(said.application_id, "review", said.requirement, said.attempt)
    rule = deps.reviewers.of(said.document_type)
    if isinstance(said, ReviewApproved):
        named = [name for name in (said.reviewer, said.second_reviewer) if name is not None]
        people = await _decided(event, f"/v1/tasks/{task}/approval", REVIEWERS, said.signed_requests, named, deps)
        refuse_unless(people is None or len(people) >= rule.people, f"signed by {rule.people} people")
    else:
        deed = "rejection" if isinstance(said, ReviewRejected) else "return"
        path, requests = f"/v1/tasks/{task}/{deed}", _alone(said.signed_request)
        people = await _decided(event, path, REVIEWERS, requests, [said.reviewer], deps)
    if people is None:
        return
    for person in people:
        refuse_unless(bool(rule.departments & person.departments), OF_DEPARTMENT)
    application = await deps.applications.get(said.application_id)
    asked = None if application is None else application.asked_for(said.requirement)
    refuse_unless(asked is None or said.document_type in asked.document_types, "of a document that was asked for")


async def of_door(event: Checked, deps: Deps) -> None:
    """See that a grid officer, or the office above, looked at the address. Raises BrokenMessageError, NotYet."""
    said = event.data
    deed = "approval" if isinstance(said, FieldCheckPassed) else "rejection"
    path = f"/v1/tasks/{task_id(said.application_id, 'field-check')}/{deed}"
    for person in await _decided(event, path, _WORKERS, _alone(said.signed_request), [said.officer], deps) or ():
        is_theirs = person.role is Role.GRID_OFFICER and said.community in person.communities
        is_above = bool(deps.reviewers.doors.departments & person.departments)
        refuse_unless(is_theirs or is_above, "signed by who checks doors")
        application = await deps.applications.get(said.application_id)
        homes = {party.community for party in application.people.values()} if application else {said.community}
        refuse_unless(said.community in homes, "the community of the address")


async def of_decision(event: Received[DecisionMade], deps: Deps) -> None:
    """See that an officer of the department that decides the item did. Raises BrokenMessageError, NotYet."""
    said = event.data
    deed = "approval" if said.approved else "rejection"
    path = f"/v1/tasks/{task_id(said.application_id, 'decision')}/{deed}"
    people = await _decided(event, path, REVIEWERS, _alone(said.signed_request), [said.officer], deps)
    application = await deps.applications.get(said.application_id) if people else None
    if application is None:
        return
    decision = deps.catalogue.item(application.item).decision
    own = frozenset({decision.department}) if isinstance(decision, Officer) else frozenset[str]()
    rule = deps.reviewers.decisions.get(application.item)
    for person in people or ():
        refuse_unless(bool((rule.departments if rule else own) & person.departments), OF_DEPARTMENT)


async def _decided(
    event: Reviewed | Checked | Received[DecisionMade],
    path: str,
    roles: Collection[Role],
    requests: Sequence[Signed] | None,
    named: Sequence[str],
    deps: Deps,
) -> list[Principal] | None:
    """Return who signed, in order, who are those that are named; None: it is from before that was asked for."""
    name = event.type.rpartition(".v")[0]
    if requests is None:
        await deps.signed_requests.require(None, SignedDeed(name, path, event.time, roles))
        return None
    people = list[Principal]()
    for each in requests:
        person = await deps.signed_requests.require(each, SignedDeed(name, path, signed_at(each), roles))
        people += [person] if person is not None else []
    refuse_unless([each.subject for each in people] == list(named) and len(set(named)) == len(named) > 0, BY_NAMED)
    refuse_unless(is_soon(signed_at(requests[-1]), event.time), "told as soon as it was decided")
    return people


def _alone(signed: Signed | None) -> Sequence[Signed] | None:
    return None if signed is None else [signed]
