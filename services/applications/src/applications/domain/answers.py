"""Answers from the matcher and from people, each put in its place.

An answer to an older attempt is noted in the timeline and changes nothing else. None of these functions decides
anything; that is `progress.settle`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from applications.domain.application import (
    Application,
    AskedRequirement,
    CaseQuestion,
    DoorVisit,
    Escalation,
    Happening,
    MatchResult,
    Review,
    ReviewTask,
)

Key = tuple[str, int]
"""A requirement and the attempt that an answer belongs to."""

MATCHING = frozenset({"matched", "not-matched", "not-proven"})
SENDING = frozenset({"sent-to-review"})
REVIEWING = frozenset({"review-approved", "review-rejected", "review-returned"})
"""Lines of the timeline of which one attempt at a requirement has one: each answers the same question."""


def matched(application: Application, key: Key, match: MatchResult, happening: Happening) -> Application:
    """Take over the matcher's answer: one for each attempt, and a second only where it proves what was not proven."""
    asked = _current(application, key)
    if _was_said(application, happening, MATCHING):
        is_proven = asked is None or application.is_final or asked.standing == "proven"
        if is_proven or not match.proven:
            return application
    noted = application.noting(happening)
    if asked is None or (asked.match is not None and (asked.match.proven or not match.proven)):
        return noted
    return noted.with_asked(asked.model_copy(update={"match": match}))


def sent_to_people(application: Application, key: Key, task: ReviewTask, happening: Happening) -> Application:
    """Take over which department looks at a document."""
    if _was_said(application, happening, SENDING):
        return application
    noted = application.noting(happening)
    asked = _current(noted, key)
    if asked is None or asked.task is not None:
        return noted
    return noted.with_asked(asked.model_copy(update={"task": task}))


def reviewed(application: Application, key: Key, review: Review, happening: Happening) -> Application:
    """Take over what a person found."""
    if _was_said(application, happening, REVIEWING):
        return application
    noted = application.noting(happening)
    asked = _current(noted, key)
    if asked is None or asked.review is not None:
        return noted
    return noted.with_asked(asked.model_copy(update={"review": review}))


def escalated(application: Application, escalation: Escalation, happening: Happening) -> Application:
    """Take over who has a task that was not done in time; of several escalations of a task the one due last counts."""
    noted = application.noting(happening)
    known = next((each for each in noted.escalations if each.task_id == escalation.task_id), None)
    if known is not None and known.due_on >= escalation.due_on:
        return noted
    others = [each for each in noted.escalations if each.task_id != escalation.task_id]
    ordered = sorted((*others, escalation), key=lambda each: each.task_id)
    return noted.model_copy(update={"escalations": tuple(ordered)})


def answered(
    application: Application, question: Literal["check", "ruling"], happening: Happening, *, yes: bool
) -> Application:
    """Take over the grid officer's or the deciding officer's answer to a question that was asked, as it happened."""
    asked: CaseQuestion | None = getattr(application, question)
    if asked is None or asked.yes is not None:
        return application
    answer = asked.model_copy(update={"yes": yes, "text": happening.text, "texts": happening.texts})
    return application.noting(happening).model_copy(update={question: answer})


def arranged(application: Application, visit: DoorVisit, happening: Happening) -> Application:
    """Take over what is agreed of the visit at the door; news that is older than what is known is only noted."""
    noted, check = application.noting(happening), application.check
    if check is None or check.yes is not None or (check.visit and check.visit.sequence >= visit.sequence):
        return noted
    return noted.model_copy(update={"check": check.model_copy(update={"visit": visit})})


def returned_now(before: Application, after: Application, key: Key) -> bool:
    """Tell whether an answer has just returned this requirement to the applicant."""
    asked, earlier = _current(after, key), _current(before, key)
    if asked is None or earlier is None or after.is_final:
        return False
    return asked.standing == "returned" and earlier.standing != "returned"


def _was_said(application: Application, happening: Happening, kinds: Collection[str]) -> bool:
    """Tell whether a question of this attempt was answered before, so that a re-delivery leaves no second line."""
    key = happening.requirement, happening.attempt
    return any((line.requirement, line.attempt) == key for line in application.history if line.kind in kinds)


def _current(application: Application, key: Key) -> AskedRequirement | None:
    asked = application.asked_for(key[0])
    return asked if asked is not None and asked.attempt == key[1] else None
