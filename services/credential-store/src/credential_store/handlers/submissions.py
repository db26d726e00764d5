"""Learning what was submitted, from the matcher, which found it unproven: review-dispatch has no say in it."""

from __future__ import annotations

from credential_store.consumed import MatchFailed, ReviewApproved
from credential_store.domain.submission import Submission
from credential_store.handlers.needs import Deps
from messaging.envelope import BrokenMessageError
from messaging.event import NOTHING, NotYet, Outcome, Received


async def note(event: Received[MatchFailed], deps: Deps) -> Outcome[None]:
    """Note a submission that people may review; what is noted of an attempt stays."""
    said = event.data
    named = Submission.named(said.application_id, said.requirement, said.attempt)
    if not said.reviewable or await deps.submissions.get(named) is not None:
        return NOTHING
    types = said.document_types or [said.document_type]
    return Outcome(changes=[deps.submissions.save(Submission.of(named, said.holder.index, types, event.time))])


async def require(approved: ReviewApproved, deps: Deps) -> None:
    """See that what people approved was submitted by that person.

    Raises NotYet while no such submission is known, BrokenMessageError for one of another person or document.
    """
    named = Submission.named(approved.application_id, approved.requirement, approved.attempt)
    submission = await deps.submissions.get(named)
    if submission is None:
        what = f"{approved.requirement} in {approved.application_id}, attempt {approved.attempt}"
        raise NotYet(f"no submission of {what} is known that people may approve")
    if not submission.is_of(approved.holder.index, approved.document_type):
        rule = "the person and a document type of the submission that is approved"
        raise BrokenMessageError("not-submitted", "/data/holder", rule)
