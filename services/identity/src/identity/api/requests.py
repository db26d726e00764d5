"""What callers send."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from identity.domain.card import Card, ReadCard
from identity.domain.guardianship import GuardianshipProof, ProofKind, Relation
from identity.domain.resident import Channel, RegistrationPlace
from runtime.clock import Day
from standards.bounds import SAID
from standards.identity_number import Sex

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
LongLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), SAID]
Number = Annotated[str, StringConstraints(max_length=40)]

_CARD = {
    "number": "440309199001010013",
    "name": "李育成",
    "sex": "male",
    "birth_date": "1990-01-01",
    "nationality_group": "汉",
    "address": "湖南省邵阳市邵东县两市镇建设路18号",
    "issuing_authority": "邵东县公安局",
    "valid_from": "2019-05-06",
    "valid_until": "2039-05-06",
}


class IdentityRequest(BaseModel):
    """A request names only fields that there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CardReading(IdentityRequest):
    """What the card reader gives. `valid_until` is null on a card without an end (长期)."""

    number: Number = Field(description="The identity number, in clear", repr=False)
    name: Line
    sex: Sex
    birth_date: Day
    nationality_group: Line = Field(description="民族; on a foreign card the nationality")
    address: LongLine
    issuing_authority: Line
    valid_from: Day
    valid_until: Day | None
    name_confirmed: bool = Field(
        default=False,
        description="Only from a window: a person has compared the name with the one on record, character by character",
    )

    @property
    def reading(self) -> ReadCard:
        """The reading as the domain knows it."""
        card = Card.model_validate(self.model_dump(include=set(Card.model_fields)))
        return ReadCard(number=self.number, card=card, name_confirmed=self.name_confirmed)


class Registration(CardReading):
    """A person at a window or terminal, with the original card."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_CARD, "channel": "window", "community": "440309002007"}]}
    )
    channel: Channel
    community: Line = Field(description="Code of the community that the person lives in")

    @property
    def place(self) -> RegistrationPlace:
        """Where the person is registered."""
        return RegistrationPlace(channel=self.channel, community=self.community)


class Renewal(CardReading):
    """A new card; or the same card and another community, after a move."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CARD, "valid_from": "2026-11-20"}]})
    community: Line | None = Field(None, description="Given when the person moved within the district")


class Present(CardReading):
    """The card of a registered person who stands there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CARD}]})


class LookUp(IdentityRequest):
    """An identity number, and what its resident is looked up for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"number": _CARD["number"], "purpose": "窗口受理居住证申请"}]}
    )
    number: Number = Field(repr=False)
    purpose: Why


class Because(IdentityRequest):
    """Why something is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "本人挂失身份证"}]})
    reason: Why


class ShownProof(IdentityRequest):
    """The document that proves a guardianship, and its number."""

    kind: ProofKind
    reference: Line


class NewGuardianship(IdentityRequest):
    """Who may act for which child, and on what proof."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "guardian_id": "res_5e1f3a0c9b7d42e6a81c0d93f2",
                    "child_id": "res_0b7c62d1e8f94a35b6d2c71e04",
                    "relation": "father",
                    "proof": {"kind": "birth-certificate", "reference": "T440012345"},
                }
            ]
        }
    )
    guardian_id: Line
    child_id: Line
    relation: Relation
    proof: ShownProof

    @property
    def shown(self) -> GuardianshipProof:
        """The proof as the domain knows it."""
        return GuardianshipProof(kind=self.proof.kind, reference=self.proof.reference)
