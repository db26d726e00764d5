"""What two parties agreed on, and the evidence that each of them said so with their own sign-in.

The applicant signs by submitting, the second party by confirming the hash that they saw, or a guardian for them with
theirs. When both have, the service signs over all of it, so that it can be checked later without the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from applications.domain.application import Application
from applications.domain.item import ServiceItem
from applications.domain.people import Party
from applications.domain.record import Aggregate, ApplicationsModel, Localised, Value
from runtime.derived import derived
from runtime.errors import Conflict
from runtime.json_signatures import SigningKeys
from runtime.sign_in import SignIn
from standards import canonical_json

Side = Literal["applicant", "second-party"]

TYP: Final = "agreement+jwt"


@dataclass(frozen=True, slots=True)
class AgreementSigner:
    """Who vouches for it: the district's address, as everybody knows it, and this service's keys."""

    url: str
    keys: SigningKeys


class AgreedParty(ApplicationsModel):
    """One of the two, as they were known when the terms were made."""

    resident_id: str
    name: str


class Signing(ApplicationsModel):
    """Who signs, as which resident, by which sign-in; `guardian` is whose sign-in it is, None: the party's own."""

    who: AgreedParty
    sign_in: SignIn
    guardian: AgreedParty | None = None


class Terms(ApplicationsModel):
    """What was agreed: the item, its answers, what the second party states by confirming, and who applies.

    Who the second party is, their signature says: before it, nothing is known of whoever was named.
    """

    application_id: str
    reference: str
    item: str
    statement: Mapping[str, str]
    form: Mapping[str, Value]
    applicant: AgreedParty

    @property
    def digest(self) -> str:
        """The SHA-256 of the terms in canonical JSON (RFC 8785)."""
        return canonical_json.digest(self.model_dump(mode="json"))


class Signature(ApplicationsModel):
    """That one party agreed: to which hash, when, by which sign-in.

    `guardian` is who said so in the party's place, with a sign-in of their own; None: the party did.
    """

    party: Side
    resident_id: str
    name: str
    at: datetime
    terms_sha256: str
    sign_in: SignIn
    guardian: AgreedParty | None = None

    @property
    def signer(self) -> str:
        """Whose sign-in it is: the resident id of the guardian, or of the party."""
        return self.resident_id if self.guardian is None else self.guardian.resident_id


class Agreed(ApplicationsModel):
    """One set of terms, who has signed them, and the evidence once both have."""

    terms: Terms
    signatures: tuple[Signature, ...]
    evidence: str | None = None


class Agreement(Aggregate):
    """The agreement of an application, under its id; earlier terms are kept as they were signed."""

    current: Agreed
    earlier: tuple[Agreed, ...] = ()

    @derived
    def signers(self) -> frozenset[str]:
        """Everybody who has signed these or earlier terms, so that it is found for them."""
        return frozenset(each.signer for agreed in (*self.earlier, self.current) for each in agreed.signatures)

    def signed_by(self, resident_id: str) -> Sequence[tuple[Terms, Signature]]:
        """Return what somebody signed, for themselves or a ward: which terms, and how."""
        every = [(agreed.terms, each) for agreed in (*self.earlier, self.current) for each in agreed.signatures]
        return [(terms, each) for terms, each in every if each.signer == resident_id]


def terms_of(application: Application, item: ServiceItem) -> Terms:
    """Return what the parties of a filled-in application agree on."""
    assert item.second_party is not None  # noqa: S101 - only asked of items that have one
    return Terms(
        application_id=application.id,
        reference=application.reference,
        item=application.item,
        statement=_in_both(item.second_party.statement),
        form=dict(application.form),
        applicant=party_of(application.applicant),
    )


def offered(
    before: Agreement | None, application: Application, item: ServiceItem, sign_in: SignIn, at: datetime
) -> Agreement:
    """Have the applicant sign by submitting. The same answers again stay signed, as does the confirmation."""
    terms = terms_of(application, item)
    if before is not None and before.current.terms.form == terms.form:
        return before
    signing = Signing(who=terms.applicant, sign_in=sign_in)
    new = Agreed(terms=terms, signatures=(signed_by("applicant", signing, terms, at),))
    if before is None:
        return Agreement(id=application.id, current=new)
    return before.model_copy(update={"current": new, "earlier": (*before.earlier, before.current)})


def accepted(before: Agreement, digest: str, signing: Signing, *, at: datetime, signer: AgreementSigner) -> Agreement:
    """Have the second party sign the terms that they saw. Refused when these are not the terms any more.

    Raises Conflict.
    """
    terms = before.current.terms
    if digest != terms.digest:
        raise Conflict("terms-changed")
    offered_by = tuple(each for each in before.current.signatures if each.party == "applicant")
    signatures = (*offered_by, signed_by("second-party", signing, terms, at))
    agreed = Agreed(terms=terms, signatures=signatures)
    evidence = signer.keys.sign(_claims(agreed, signer.url, at), TYP)
    return before.model_copy(update={"current": agreed.model_copy(update={"evidence": evidence})})


def _claims(agreed: Agreed, url: str, at: datetime) -> dict[str, Any]:
    return {
        "iss": url,
        "iat": int(at.timestamp()),
        "terms": agreed.terms.model_dump(mode="json"),
        "terms_sha256": agreed.terms.digest,
        "signatures": [each.model_dump(mode="json") for each in agreed.signatures],
    }


def signed_by(side: Side, signing: Signing, terms: Terms, at: datetime) -> Signature:
    """Keep that a party agreed to these terms."""
    return Signature(
        party=side,
        resident_id=signing.who.resident_id,
        name=signing.who.name,
        at=at,
        terms_sha256=terms.digest,
        sign_in=signing.sign_in,
        guardian=signing.guardian,
    )


def party_of(party: Party) -> AgreedParty:
    """Return a person as an agreement names them."""
    return AgreedParty(resident_id=party.resident_id, name=party.name)


def _in_both(text: Localised) -> dict[str, str]:
    return {"zh-CN": text.zh_cn, "en": text.en}
