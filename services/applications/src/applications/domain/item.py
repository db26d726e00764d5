"""A service item as its data file states it. What is wrong in a file is refused when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from applications.domain.expression import fault_of
from applications.domain.record import ApplicationsModel, Localised, PersonRole, Value
from applications.domain.rules import (
    Automatic,
    ByAge,
    Decision,
    FieldCheck,
    GrantValue,
    ItemPromise,
    Officer,
    Rule,
    Until,
    Validity,
)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


NoticePolicy = Literal["nothing", "approvals", "all"]

FORM = "form."
"""Begins a claim that is an answer of the form."""

DOCUMENT = "document."
"""Before the key of a requirement, in a field's default."""


class Choice(ApplicationsModel):
    """One of the answers of a field that offers several."""

    value: str
    label: Localised


class FormField(ApplicationsModel):
    """A question that only the applicant can answer.

    `default` names what answers it where they don't, the first that has an answer: a path, or `document.` and the key
    of a requirement that claims the field, for what the document says that is asked first for it.
    """

    key: Key
    type: Literal["text", "address", "date", "integer", "boolean", "names", "choice"]
    label: Localised
    required: bool = True
    default: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    max_length: int = 200
    after: str | None = None
    not_past: bool = False

    @field_validator("default", mode="before")
    @classmethod
    def _one_or_several(cls, default: object) -> object:
        return (default,) if isinstance(default, str) else default


class ItemRequirement(ApplicationsModel):
    """A document that the item needs: any of these types, held by this person, with these claimed values."""

    key: Code
    any_of: tuple[Code, ...] = Field(min_length=1)
    holder: PersonRole = "applicant"
    claims: dict[str, Value]

    def claimed_from(self, form_field: str) -> str | None:
        """Return the field of the document that is compared with an answer of the form."""
        return next((name for name, claim in self.claims.items() if claim == f"form.{form_field}"), None)

    def form_fields(self) -> dict[str, str]:
        """Return the fields of the document that are compared with answers of the form, and which answers those are."""
        return {
            name: claim.removeprefix(FORM)
            for name, claim in self.claims.items()
            if isinstance(claim, str) and claim.startswith(FORM)
        }

    def asks_the_same_as(self, other: ItemRequirement) -> bool:
        """Tell whether one document answers both."""
        agree = all(other.claims.get(field, value) == value for field, value in self.claims.items())
        return agree and self.holder == other.holder and set(self.any_of) == set(other.any_of)


class SecondParty(ApplicationsModel):
    """Someone else whom the item concerns and who must confirm with their own sign-in."""

    name: Localised
    statement: Localised
    """What they confirm."""


class ItemGrant(ApplicationsModel):
    """The credential that an approval grants."""

    document_type: Code
    holder: PersonRole = "applicant"
    fields: dict[str, GrantValue]
    validity: Validity


class ServiceItem(ApplicationsModel):
    """A service item. The order of the fields is the order in which a file is read and checked."""

    code: Code
    name: Localised
    description: Localised
    for_whom: Localised
    synonyms: tuple[Annotated[str, StringConstraints(min_length=1, max_length=40)], ...] = ()
    """What people call it, in either language; it is found by them."""
    department: Code
    retired: bool = False
    """No new applications; those under way go on. A file is deleted only when none are."""
    subject: Literal["applicant", "child"] = "applicant"
    review: Literal["people", "automatic"]
    """Whether people may look at what fails to match; `automatic` rejects it at once."""
    promise: ItemPromise
    eligibility: tuple[Rule, ...] = ()
    form: tuple[FormField, ...] = ()
    second_party: SecondParty | None = None
    requirements: tuple[ItemRequirement, ...] = Field(min_length=1)
    decision: Decision
    grants: ItemGrant | None = None
    notices: NoticePolicy = "all"
    """Which decisions are published, with names and numbers masked."""

    def answer_behind(self, requirement: str, field: str) -> FormField | None:
        """Return the form's field that a document's field is compared with; None: it is no answer of anybody."""
        asked = next((each for each in self.asked if each.key == requirement), None)
        key = asked.form_fields().get(field) if asked else None
        return next((each for each in self.form if each.key == key), None)

    @cached_property
    def asked(self) -> tuple[ItemRequirement, ...]:
        """The requirements, each document once: what two of them ask alike is asked under the first one's key."""
        asked: list[ItemRequirement] = []
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
        _refuse([*_twice([field.key for field in form]), *_faults_of_form(form)])
        return form

    @field_validator("requirements")
    @classmethod
    def _requirements_hold_together(
        cls, requirements: tuple[ItemRequirement, ...], info: ValidationInfo
    ) -> tuple[ItemRequirement, ...]:
        _refuse(_twice([requirement.key for requirement in requirements]))
        if (known := _known(info)) is not None:
            _refuse(_faults_of_requirements(requirements, known))
            _refuse(_faults_of_defaults(requirements, info.data["form"]))
        return requirements

    @field_validator("decision")
    @classmethod
    def _decision_holds_together(
        cls, decision: Automatic | FieldCheck | Officer, info: ValidationInfo
    ) -> Automatic | FieldCheck | Officer:
        if (known := _known(info)) is not None and isinstance(decision, FieldCheck):
            paths = {"address": decision.address, "community": decision.community}
            _refuse(((name,), fault) for name, path in paths.items() if (fault := known.fault_of(path)))
        return decision

    @field_validator("grants")
    @classmethod
    def _grant_holds_together(cls, grant: ItemGrant | None, info: ValidationInfo) -> ItemGrant | None:
        if (known := _known(info)) is not None and grant is not None:
            _refuse(_faults_of_grant(grant, known))
        return grant


Fault = tuple[tuple[str | int, ...], str]
"""Where something is wrong, and what."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What paths may speak of in an item."""

    form: frozenset[str]
    second_party: bool

    def fault_of(self, expression: Value) -> str | None:
        return fault_of(expression, form=self.form, second_party=self.second_party)


def _known(info: ValidationInfo) -> _Known | None:
    """Return what the item has, None where that is at fault itself (and reported)."""
    if "form" not in info.data or "second_party" not in info.data:
        return None
    return _Known(frozenset(field.key for field in info.data["form"]), info.data["second_party"] is not None)


def _faults_of_form(form: tuple[FormField, ...]) -> Iterator[Fault]:
    keys = {field.key for field in form}
    for place, field in enumerate(form):
        if field.after is not None and field.after not in keys:
            yield (place, "after"), f"the form has no field {field.after!r}"
        for path in field.default:
            if not path.startswith(DOCUMENT) and (fault := fault_of(path, form=(), second_party=False)):
                yield (place, "default"), fault
        if (field.type == "choice") != bool(field.choices):
            yield (place, "choices"), "choices belong to fields of the type choice, and only there"


def _faults_of_requirements(requirements: tuple[ItemRequirement, ...], known: _Known) -> Iterator[Fault]:
    for place, requirement in enumerate(requirements):
        if requirement.holder == "second-party" and not known.second_party:
            yield (place, "holder"), "the item has no second party"
        for name, claim in requirement.claims.items():
            if fault := known.fault_of(claim):
                yield (place, "claims", name), fault


def _faults_of_defaults(requirements: tuple[ItemRequirement, ...], form: tuple[FormField, ...]) -> Iterator[Fault]:
    own = {requirement.key: requirement for requirement in requirements if requirement.holder != "second-party"}
    for field in form:
        for key in (path.removeprefix(DOCUMENT) for path in field.default if path.startswith(DOCUMENT)):
            if key not in own or own[key].claimed_from(field.key) is None:
                yield (), f"{DOCUMENT}{key}: {field.key!r} takes what such a requirement claims from it, and only there"


def _faults_of_grant(grant: ItemGrant, known: _Known) -> Iterator[Fault]:
    for name, value in grant.fields.items():
        if not isinstance(value, ByAge) and (fault := known.fault_of(value)):
            yield ("fields", name), fault
    if isinstance(grant.validity, Until) and (fault := known.fault_of(grant.validity.date)):
        yield ("validity", "date"), fault


def _twice(keys: list[str]) -> Iterator[Fault]:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            yield (place, "key"), f"the same key twice: {key}"


def _refuse(faults: Iterable[Fault]) -> None:
    """Raise all faults together, each with its own place in the file."""
    lines = [
        InitErrorDetails(type=PydanticCustomError("catalogue", "{fault}", {"fault": fault}), loc=place, input=None)
        for place, fault in faults
    ]
    if lines:
        raise ValidationError.from_exception_data("Item", lines)
