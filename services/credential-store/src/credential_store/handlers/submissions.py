"""Learning what was submitted, from the matcher, which found it unproven: review-dispatch has no say in it."""

from __future__ import annotations

from bus.envelope import BrokenMessageError
from bus.event import Change, NotYet, Outcome, Received
from credential_store.domain.submission import KnownSubmission
from credential_store.handlers import signatures
from credential_store.handlers.dependencies import Deps
from credential_store.views import MatchFailed, ReviewApproved


async def note(event: Received[MatchFailed], deps: Deps) -> Outcome[None]:
    """Note the submissions that people may review; what is noted of an attempt stays."""
    changes = list[Change]()
    for said in event.data.documents:
        named = KnownSubmission.named(event.data.application_id, said.requirement, said.attempt)
        if said.reviewable and await deps.submissions.get(named) is None:
            types = said.document_types or [said.document_type]
            noted = KnownSubmission.of(named, said.holder.index, types, event.time)
            if said.claims is not None:
                noted = noted.claiming(said.claims, deps.ids.digest)
            changes.append(deps.submissions.save(noted))
    return Outcome(changes=changes)


async def require(approved: ReviewApproved, deps: Deps) -> None:
    """See that what people approved was submitted by that person, and that they approved it.

    Raises NotYet while no such submission is known, BrokenMessageError for one of another person or document, and for
    an approval that reviewers of that department have not signed.
    """
    named = KnownSubmission.named(approved.application_id, approved.requirement, approved.attempt)
    submission = await deps.submissions.get(named)
    if submission is None:
        what = f"{approved.requirement} in {approved.application_id}, attempt {approved.attempt}"
        raise NotYet(f"no submission of {what} is known that people may approve")
    if not submission.is_of(approved.holder.index, approved.document_type):
        rule = "the person and a document type of the submission that is approved"
        raise BrokenMessageError("not-submitted", "/data/holder", rule)
    await signatures.of_approval(approved, submission, deps)
