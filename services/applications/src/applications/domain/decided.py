"""A decided application as it stays for the public notice, the applicant's opinion and the statistics."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from applications.domain.application import Application
from applications.domain.item import ServiceItem
from applications.domain.record import Aggregate, ApplicationsModel
from runtime.clock import today
from runtime.errors import Conflict
from standards import mask


class DecidedProof(ApplicationsModel):
    """What proved one requirement: the document type, the source, and whether the applicant had to hand it in."""

    document_type: str
    source: str
    handed_in: bool


class Reviewed(ApplicationsModel):
    """What people found of one document; `unequal` are the fields that had not matched."""

    document_type: str
    verdict: Literal["approved", "rejected", "returned"]
    unequal: tuple[str, ...] = ()


class Decided(Aggregate):
    """One decision; `id` is that of the application. Name and number are kept masked: this part is public."""

    item: str
    outcome: Literal["approved", "rejected"]
    decided_at: datetime
    decided_by: Literal["automatic", "officer"]
    automatic: bool
    """Nobody had to look at anything."""
    seconds: float
    """From the first submission to the decision."""
    proofs: tuple[DecidedProof, ...]
    reviews: tuple[Reviewed, ...] = ()
    masked_name: str
    masked_number: str
    may_be_noticed: bool = True
    """Whether the item's policy at that time had it published; a later policy can only have less published."""
    in_time: bool | None = None
    """Whether it was decided by the promised day; None: an earlier release did not keep it."""
    score: int | None = None
    comment: str | None = None
    rated_at: datetime | None = None

    @classmethod
    def of(cls, application: Application, item: ServiceItem) -> Decided:
        """Record an application that has just been approved or rejected."""
        assert application.state in ("approved", "rejected")  # noqa: S101 - called at the decision
        assert application.decided_at is not None  # noqa: S101 - the same
        begun = application.submitted_at or application.created_at
        return cls(
            id=application.id,
            item=application.item,
            outcome=application.state,
            decided_at=application.decided_at,
            decided_by=application.decided_by,
            automatic=not application.took_people,
            seconds=(application.decided_at - begun).total_seconds(),
            proofs=_proofs(application),
            reviews=_reviews(application),
            masked_name=mask.name(application.applicant.name),
            masked_number=mask.number(application.reference),
            may_be_noticed=item.notices == "all" or (item.notices, application.state) == ("approvals", "approved"),
            in_time=application.due_on is None or today(application.decided_at) <= application.due_on,
        )

    def reviews_of(self, document_type: str) -> tuple[Reviewed, ...]:
        return tuple(each for each in self.reviews if each.document_type == document_type)

    def rated(self, score: int, comment: str | None, now: datetime) -> Decided:
        """Record how satisfied the applicant was, once. Raises Conflict."""
        if self.score is not None:
            raise Conflict("already-rated")
        return self.model_copy(update={"score": score, "comment": comment, "rated_at": now})


def _proofs(application: Application) -> tuple[DecidedProof, ...]:
    handed_in = {scan.requirement for scan in application.scans}
    return tuple(
        DecidedProof(document_type=asked.proof[0], source=asked.proof[1], handed_in=asked.key in handed_in)
        for asked in application.asked
        if asked.proof is not None
    )


def _reviews(application: Application) -> tuple[Reviewed, ...]:
    return tuple(
        Reviewed(
            document_type=asked.review.document_type,
            verdict=asked.review.verdict,
            unequal=tuple(each.field for each in asked.match.fields) if asked.match else (),
        )
        for asked in application.asked
        if asked.review is not None
    )
