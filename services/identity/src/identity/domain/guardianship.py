"""Guardianship: who may act for a child, on what proof, and until when."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from identity.domain.record import HistoryStep, IdentityModel, RecordedActor, refuse
from identity.domain.resident import Resident
from runtime.errors import Conflict, Refusal
from standards import age

Relation = Literal["mother", "father", "guardian"]
ProofKind = Literal["birth-certificate", "household-register", "court-decision", "committee-appointment"]

OF_AGE = "child-of-age"
"""The reason with which a guardianship ends on the child's eighteenth birthday."""


class GuardianshipProof(IdentityModel):
    """The document that was shown, and its number."""

    kind: ProofKind
    reference: str


class Guardianship(IdentityModel):
    """`guardian_id` may act for `child_id` (resident ids) from now until `ends_on`, unless it is ended before."""

    id: str
    version: int = 0
    guardian_id: str
    child_id: str
    relation: Relation
    proof: GuardianshipProof
    ends_on: date
    ended: bool = False
    history: tuple[HistoryStep, ...] = ()

    def holds(self, today: date) -> bool:
        """Tell whether the guardian may act for the child."""
        return not self.ended and today < self.ends_on

    def is_same(self, relation: Relation, proof: GuardianshipProof) -> bool:
        """Tell whether this is what somebody wants to register."""
        return (self.relation, self.proof) == (relation, proof)


def guardianship_id(guardian_id: str, child_id: str) -> str:
    """Return the id for these two; one pair has one guardianship, ended and begun again as often as need be."""
    return "gua_" + sha256(f"guardianship {guardian_id} {child_id}".encode()).hexdigest()[:26]


def check_pair(guardian: Resident, child: Resident, today: date) -> None:
    """Refuse a pair of whom one can't be guardian of the other, for every reason at once."""
    faults = []
    if guardian.id == child.id:
        faults.append(Refusal("guardian-is-child", field="guardian_id"))
    if age.years(child.card.birth_date, today) >= age.MAJORITY:
        faults.append(Refusal("child-not-minor", field="child_id", age=age.MAJORITY))
    if age.years(guardian.card.birth_date, today) < age.MAJORITY:
        faults.append(Refusal("guardian-under-age", field="guardian_id", age=age.MAJORITY))
    if guardian.suspension is not None:
        faults.append(Refusal("guardian-suspended", field="guardian_id"))
    refuse(faults)


def establish(
    known: Guardianship | None,
    guardian: Resident,
    child: Resident,
    relation: Relation,
    proof: GuardianshipProof,
    by: RecordedActor,
    at: datetime,
) -> Guardianship:
    """Register a guardianship, or begin an ended one anew. `known` is that of the pair, if there was one.

    Raises Conflict when another one of the pair holds.
    """
    if known is not None and not known.ended:
        if known.is_same(relation, proof):
            return known
        raise Conflict("guardianship-holds-already", field="relation")
    step = HistoryStep(what="guardianship-registered", by=by, at=at, reason=f"{proof.kind} {proof.reference}")
    return Guardianship(
        id=guardianship_id(guardian.id, child.id),
        version=known.version if known else 0,
        guardian_id=guardian.id,
        child_id=child.id,
        relation=relation,
        proof=proof,
        ends_on=age.birthday(child.card.birth_date, age.MAJORITY),
        history=(*(known.history if known else ()), step),
    )


def end(guardianship: Guardianship, reason: str, by: RecordedActor, at: datetime) -> Guardianship:
    """End it before or on the child's eighteenth birthday. Raises Conflict when it has ended already."""
    if guardianship.ended:
        raise Conflict("guardianship-ended-already")
    step = HistoryStep(what="guardianship-ended", by=by, at=at, reason=reason)
    return guardianship.model_copy(update={"ended": True, "history": (*guardianship.history, step)})
