"""A service item as its data file states it. What is wrong in a file is refused when it is read."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from applications.domain.expression import fault_of
from applications.domain.record import Localised, PersonRole, Record, Value
from applications.domain.rules import (
    Automatic,
    ByAge,
    Decision,
    FieldCheck,
    GrantValue,
    Officer,
    Promise,
    Rule,
    Until,
    Validity,
)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Choice(Record):
    """One of the answers of a field that offers several."""

    value: str
    label: Localised


class FormField(Record):
    """A question that only the applicant can answer; `default` is a path that answers it where they don't."""

    key: Key
    type: Literal["text", "address", "date", "integer", "boolean", "names", "choice"]
    label: Localised
    required: bool = True
    default: str | None = None
    choices: tuple[Choice, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    max_length: int = 200
    after: str | None = None
    not_past: bool = False


class Requirement(Record):
    """A document that the item needs: any of these types, held by this person, with these claimed values."""

    key: Code
    any_of: tuple[Code, ...] = Field(min_length=1)
    holder: PersonRole = "applicant"
    claims: dict[str, Value]

    def asks_the_same_as(self, other: Requirement) -> bool:
        """Tell whether one document answers both."""
        agree = all(other.claims.get(field, value) == value for field, value in self.claims.items())
        return agree and self.holder == other.holder and set(self.any_of) == set(other.any_of)


class SecondParty(Record):
    """Someone else whom the item concerns and who must confirm with their own sign-in."""

    name: Localised
    statement: Localised
    """What they confirm."""


class Grant(Record):
    """The credential that an approval grants."""

    document_type: Code
    holder: PersonRole = "applicant"
    fields: dict[str, GrantValue]
    validity: Validity


class Item(Record):
    """A service item. The order of the fields is the order in which a file is read and checked."""

    code: Code
    name: Localised
    description: Localised
    for_whom: Localised
    department: Code
    retired: bool = False
    """No new applications; those under way go on. A file is deleted only when none are."""
    subject: Literal["applicant", "child"] = "applicant"
    review: Literal["people", "automatic"]
    """Whether people may look at what fails to match; `automatic` rejects it at once."""
    promise: Promise
    eligibility: tuple[Rule, ...] = ()
    form: tuple[FormField, ...] = ()
    second_party: SecondParty | None = None
    requirements: tuple[Requirement, ...] = Field(min_length=1)
    decision: Decision
    grants: Grant | None = None

    @cached_property
    def asked(self) -> tuple[Requirement, ...]:
        """The requirements, each document once: what two of them ask alike is asked under the first one's key."""
        asked: list[Requirement] = []
        for requirement in self.requirements:
            place = next((n for n, known in enumerate(asked) if known.asks_the_same_as(requirement)), None)
            if place is None:
                asked.append(requirement)
            else:
                both = {**asked[place].claims, **requirement.claims}
                asked[place] = asked[place].model_copy(update={"claims": both})
        return tuple(asked)

    @property
    def names(self) -> dict[str, str]:
        """Its name in both languages, as the texts of refusals take it."""
        return {"item": self.name.zh_cn, "item_en": self.name.en}

    @property
    def document_types(self) -> tuple[str, ...]:
        """Every document type that it asks for or grants."""
        granted = (self.grants.document_type,) if self.grants else ()
        return (*(code for requirement in self.requirements for code in requirement.any_of), *granted)

    @property
    def departments(self) -> tuple[str, ...]:
        """Every department that has to do with it."""
        deciding = (self.decision.department,) if isinstance(self.decision, Officer) else ()
        return (self.department, *deciding)

    @field_validator("form")
    @classmethod
    def _form_holds_together(cls, form: tuple[FormField, ...]) -> tuple[FormField, ...]:
        keys = [field.key for field in form]
        _refuse_twice("field", keys)
        for field in form:
            if field.after is not None and field.after not in keys:
                raise ValueError(f"{field.key}: after: the form has no field {field.after!r}")
            if field.default is not None:
                _refuse(fault_of(field.default, form=(), second_party=False), field.key)
            if (field.type == "choice") != bool(field.choices):
                raise ValueError(f"{field.key}: choices belong to fields of the type choice, and only there")
        return form

    @field_validator("requirements")
    @classmethod
    def _requirements_hold_together(
        cls, requirements: tuple[Requirement, ...], info: ValidationInfo
    ) -> tuple[Requirement, ...]:
        _refuse_twice("requirement", [requirement.key for requirement in requirements])
        for requirement in requirements:
            if requirement.holder == "second-party" and info.data.get("second_party", ...) is None:
                raise ValueError(f"{requirement.key}: the item has no second party")
            for name, claim in requirement.claims.items():
                _refuse(_fault(claim, info), f"{requirement.key}: claims: {name}")
        return requirements

    @field_validator("decision")
    @classmethod
    def _decision_holds_together(
        cls, decision: Automatic | FieldCheck | Officer, info: ValidationInfo
    ) -> Automatic | FieldCheck | Officer:
        if isinstance(decision, FieldCheck):
            _refuse(_fault(decision.address, info), "address")
            _refuse(_fault(decision.community, info), "community")
        return decision

    @field_validator("grants")
    @classmethod
    def _grant_holds_together(cls, grant: Grant | None, info: ValidationInfo) -> Grant | None:
        if grant is None:
            return None
        for name, value in grant.fields.items():
            if not isinstance(value, ByAge):
                _refuse(_fault(value, info), f"fields: {name}")
        if isinstance(grant.validity, Until):
            _refuse(_fault(grant.validity.date, info), "validity: date")
        return grant


def _fault(expression: Value, info: ValidationInfo) -> str | None:
    if "form" not in info.data or "second_party" not in info.data:
        return None  # these are at fault themselves, and that is reported
    form: Collection[str] = {field.key for field in info.data["form"]}
    return fault_of(expression, form=form, second_party=info.data["second_party"] is not None)


def _refuse(fault: str | None, where: str) -> None:
    if fault is not None:
        raise ValueError(f"{where}: {fault}")


def _refuse_twice(kind: str, keys: list[str]) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"the same {kind} key twice: {', '.join(twice)}")
