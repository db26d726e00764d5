"""Everything that applications holds of a resident, for the resident.

What somebody signed is told by the terms' hash: the terms are the parties', and a guardian may not act for the ward any
more.
"""

from __future__ import annotations

from applications.domain.agreement import Signature, Terms
from applications.handlers.needs import Deps
from applications.published import DataExported
from messaging.event import Outcome, Received
from runtime import exports
from runtime.exports import ExportRequested


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with the person, what need not be brought, the applications of, for and with them, what they signed."""
    id_ = event.data.holder.resident_id
    resident, holdings = await deps.residents.get(id_), await deps.holdings.get(id_)
    applications = await deps.applications.concerning(id_)
    agreements = await deps.agreements.signed_by(id_)
    content: exports.Content = {
        "person": [resident.model_dump(mode="json")] if resident else [],
        "holdings": [holdings.model_dump(mode="json")] if holdings else [],
        "applications": [each.model_dump(mode="json") for each in applications],
        "signatures": [_signed(*signed) for agreement in agreements for signed in agreement.signed_by(id_)],
    }
    return exports.answer(DataExported, event.data, content)


def _signed(terms: Terms, signature: Signature) -> dict[str, object]:
    of_terms = terms.model_dump(mode="json", include={"application_id", "reference", "item"})
    of_signature = signature.model_dump(mode="json", include={"party", "at", "terms_sha256", "sign_in"})
    return {**of_terms, **of_signature, "for_resident": signature.resident_id if signature.guardian else None}
