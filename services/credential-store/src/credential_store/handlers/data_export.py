"""Everything that the credential store holds of a resident, for the resident."""

from __future__ import annotations

from credential_store.handlers.dependencies import Deps
from privacy.exports import Content
from privacy.holders import Holder


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return every credential, all its versions and what was done to it.

    They are found by the resident, who has signed, and not by the index, which is the word of data-rights alone.
    """
    index = await deps.credentials.index_of(holder.resident_id)
    held = await deps.credentials.of_holder(index) if index else ()
    return {"credentials": [each.model_dump(mode="json", exclude={"holder"}) for each in held]}
