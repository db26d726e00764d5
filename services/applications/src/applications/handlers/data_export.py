"""Everything that applications holds of a resident, for the resident.

What somebody signed is told by the terms' hash: the terms are the parties', and a guardian may not act for the ward any
more.
"""

from __future__ import annotations

from typing import Any

from applications.domain.agreement import Signature, Terms
from applications.domain.application import Application
from applications.handlers.dependencies import Deps
from privacy.exports import Content
from privacy.holders import Holder
from standards import mask


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return the person, what need not be brought, the applications of, for and with them, what they signed."""
    id_ = holder.resident_id
    resident, holdings = await deps.residents.get(id_), await deps.holdings.get(id_)
    applications = await deps.applications.concerning(id_)
    agreements = await deps.agreements.signed_by(id_)
    return {
        "person": [resident.model_dump(mode="json")] if resident else [],
        "holdings": [holdings.model_dump(mode="json")] if holdings else [],
        "applications": [_as_read_by(id_, each) for each in applications],
        "signatures": [_signed(*signed) for agreement in agreements for signed in agreement.signed_by(id_)],
    }


def _as_read_by(id_: str, application: Application) -> dict[str, Any]:
    """Write an application for one of its people: of the others no more than their masked name.

    An applicant reads all about whom they applied for; a second party only what was asked of their own documents.
    """
    # The code is a key to the progress, not something that is known of a person.
    told, others = application.model_dump(mode="json", exclude={"inquiry_code", "inquiry_digest"}), set[str]()
    for role in ("applicant", "subject", "second_party"):
        person = told[role]
        if person is None or person["resident_id"] == id_ or (role == "subject" and application.applicant_id == id_):
            continue
        told[role] = {"name": mask.name(person["name"])}
        told.pop(f"{role}_id")
        others.add(role.replace("_", "-"))
    for asked in told["asked"]:
        if asked["holder"] in others and asked["match"]:
            asked["match"]["fields"] = [field | {"claimed": None, "held": None} for field in asked["match"]["fields"]]
    is_second = application.second_party_id == id_
    if not is_second:
        del told["second_party_index"]
    if not is_second or id_ in {application.applicant_id, application.subject_id}:
        return told
    own = {asked.key for asked in application.asked if asked.holder == "second-party"}
    told["asked"] = [asked for asked in told["asked"] if asked["key"] in own]
    told["scans"] = [scan for scan in told["scans"] if scan["requirement"] in own]
    told["history"] = [line for line in told["history"] if line["requirement"] in {None, *own}]
    return told


def _signed(terms: Terms, signature: Signature) -> dict[str, object]:
    of_terms = terms.model_dump(mode="json", include={"application_id", "reference", "item"})
    of_signature = signature.model_dump(mode="json", include={"party", "at", "terms_sha256", "sign_in"})
    return {**of_terms, **of_signature, "for_resident": signature.resident_id if signature.guardian else None}
