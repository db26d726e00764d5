"""Everything that the matcher holds of a resident, for the resident."""

from __future__ import annotations

from matcher.handlers.dependencies import Deps
from privacy.exports import Content
from privacy.holders import Holder


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return the evidence: every record, from every keeper.

    It is found by the resident, who has signed, and not by the index, which is the word of data-rights alone.
    """
    evidence = await deps.evidence.of_resident(holder.resident_id)
    return {} if evidence is None else {"evidence": [evidence.model_dump(mode="json", exclude={"id"})]}
