"""Everything that review-dispatch holds of a resident, for the resident."""

from __future__ import annotations

from typing import Any

from privacy.exports import Content
from privacy.holders import Holder
from review_dispatch.handlers.dependencies import Deps

_OF_REVIEWERS: dict[str, Any] = {"approvals": {"__all__": {"signed"}}}
"""What a reviewer signed, with the token of their sign-in, is no data of the resident's."""


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return every task that is about the resident: what was compared, what people wrote and decided."""
    tasks = await deps.tasks.about(holder.resident_id, after=None, limit=0)
    told = [each.model_dump(mode="json", exclude=_OF_REVIEWERS) for each in tasks]
    return {"tasks": told}
