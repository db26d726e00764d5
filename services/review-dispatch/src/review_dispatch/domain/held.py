"""Whether an approved document is the one that is held: then it is its next version, and not a second one beside it."""

from __future__ import annotations

from review_dispatch.domain.routes import DocumentRoute
from review_dispatch.domain.task import DocumentReview, TaskApproval
from runtime.errors import Refusal

_STORED = frozenset({"district-store", "department-record"})
"""Sources of which the credential store keeps what is held."""


def held_document(review: DocumentReview, approval: TaskApproval, route: DocumentRoute) -> str | None:
    """Return the id of the held credential that the document is, unless its own number says otherwise; None: another.

    Raises Refusal where nothing is held that it could be, and where it can't be told: a holder may have several, the
    values differ and no number was entered.
    """
    held = _stored(review)
    if held is None:
        if approval.is_held:
            raise Refusal("approval-nothing-held", field="is_held")
        return None
    if approval.is_held is not None:
        return held if approval.is_held else None
    differs = any(each.result == "different" for each in review.comparison)
    if route.number_field is None or not differs:
        return held
    if route.number_field in approval.fields:
        return None
    raise Refusal("approval-held-or-other", field="is_held", number=route.number_field)


def other_documents(review: DocumentReview, approval: TaskApproval) -> list[str]:
    """Return the ids of the held credentials that the document is not, by the word of who approved it."""
    held = _stored(review)
    return [held] if held is not None and approval.is_held is False else []


def _stored(review: DocumentReview) -> str | None:
    """Return the id of what the document was compared with, where the credential store keeps that."""
    return review.evidence_id if any(each.source in _STORED for each in review.comparison) else None
