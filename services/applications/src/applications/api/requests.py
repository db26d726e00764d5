"""What callers send."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from applications.domain.evidence_choices import MOST, Choice
from applications.domain.record import Value
from applications.handlers.lifecycle import ApplicationChange, NewApplication
from applications.handlers.parties import NamedParty
from standards.bounds import MOST_FIELDS, SAID, Name
from standards.bounds import Value as Answer

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), SAID]

_ADDRESS = "深圳市龙华区民治街道民乐社区梅龙路12号3栋501"


class ApplicationsRequest(BaseModel):
    """A request names only fields that there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftRequest(ApplicationsRequest):
    """An application to begin."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "item": "rental-contract-filing",
                    "second_party_number": "440309194906150026",
                    "form": {"address": _ADDRESS, "term_from": "2026-12-01", "term_to": "2028-11-30"},
                },
                {
                    "item": "school-enrolment",
                    "subject_id": "res_01jd8x5w3k9m2v7c4t6b0n1qzr",
                    "form": {"address": _ADDRESS, "parents": ["李育成", "王芳"]},
                },
            ]
        }
    )

    item: Line = Field(description="Code of the item")
    subject_id: Line | None = Field(None, description="The child, by resident id, where the item is for a child")
    subject_number: Line | None = Field(None, description="The child, by identity number", repr=False)
    second_party_number: Line | None = Field(
        None, description="Identity number of who must confirm, where the item asks for it", repr=False
    )
    form: dict[Name, Answer] = Field({}, max_length=MOST_FIELDS, description="The item's form fields by key")

    @model_validator(mode="after")
    def _one_way_to_name_the_child(self) -> DraftRequest:
        if self.subject_id is not None and self.subject_number is not None:
            raise PydanticCustomError(
                "one-person", "Input should name the person by resident id or by number, not by both"
            )
        return self

    @property
    def new(self) -> NewApplication:
        """The application as the handlers know it."""
        named = NamedParty(self.subject_id, self.subject_number, self.second_party_number)
        return NewApplication(self.item, named, _values(self.form))


class FormChange(ApplicationsRequest):
    """Answers and choices to change; null takes one away."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"form": {"address": _ADDRESS}},
                {"evidence": {"housing": {"crd_01jd8x5w3k9m2v7c4t6b0n1qzr": "decline"}}},
            ]
        }
    )
    form: dict[Name, Answer | None] = Field({}, max_length=MOST_FIELDS)
    evidence: dict[Name, Annotated[dict[Name, Choice | None], Field(max_length=MOST)]] = Field(
        {}, max_length=MOST_FIELDS, description="By requirement and evidence id: whether what is held may be used"
    )

    @property
    def change(self) -> ApplicationChange:
        """The change as the handlers know it."""
        return ApplicationChange(dict(self.form), self.evidence)


class ConfirmationRequest(ApplicationsRequest):
    """The second party's answer, or their guardian's."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"terms_sha256": "9f" * 32}, {"agrees": False, "reason": "租期有误"}]}
    )
    agrees: bool = True
    terms_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The hash of the terms that were shown; needed to agree."""
    reason: Words | None = None
    resident_id: Line | None = Field(None, description="A ward for whom the caller answers; by default the caller")


class WithdrawalGiven(ApplicationsRequest):
    """Why the applicant withdraws, if they care to say."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "暂不办理"}]})
    reason: Words | None = None


class SatisfactionGiven(ApplicationsRequest):
    """How satisfied the applicant was: 1 not at all, 5 very."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"score": 5, "comment": "没跑一趟就办好了"}]})
    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    comment: Words | None = None


def _values(form: dict[str, Answer]) -> dict[str, Value]:
    return dict(form)
