"""What callers send."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from matcher.domain.claims import Role
from matcher.handlers.dry_run import DryRunPerson, DryRunRequest
from standards.bounds import MOST_FIELDS, SAID, Name, Value

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), SAID]


class PersonAsked(BaseModel):
    """A person, named by resident id or by identity number."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: Code | None = None
    number: Code | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.resident_id is None) == (self.number is None):
            raise PydanticCustomError(
                "one-person", "Input should name the person by resident id or by number, not by both"
            )
        return self

    def named(self) -> DryRunPerson:
        """Return the person as the handler takes it."""
        return DryRunPerson(self.resident_id, self.number)


class DryRunAsked(BaseModel):
    """Try an item for a person. `form` has what the applicant would answer; `subject` is the child if it is for one."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "item": "senior-card",
                    "applicant": {"number": "440309194906150026"},
                    "purpose": "核对敬老优待证能否改为全自动办理",
                },
                {
                    "item": "school-enrolment",
                    "applicant": {"resident_id": "res_01k8xq4e6v5m2n3p4q5r6s7t8v"},
                    "subject": {"resident_id": "res_01k8xq4e6v5m2n3p4q5r6s7t8w"},
                    "form": {"address": "民治街道民治社区梅龙路12号梅陇镇花园3栋1201"},
                    "purpose": "家长咨询还需补交哪些材料",
                },
            ]
        },
    )
    item: Code
    applicant: PersonAsked
    subject: PersonAsked | None = None
    second_party: PersonAsked | None = None
    form: Annotated[dict[Name, Value], Field(max_length=MOST_FIELDS)] = {}
    purpose: Purpose

    def asked(self) -> DryRunRequest:
        """Return the question as the handler takes it."""
        named: dict[Role, PersonAsked | None] = {
            "applicant": self.applicant,
            "subject": self.subject,
            "second-party": self.second_party,
        }
        people = {role: person.named() for role, person in named.items() if person is not None}
        return DryRunRequest(self.item, people, self.form, self.purpose)
