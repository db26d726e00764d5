"""Where work goes: the routes of the district, as its data file says."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from review_dispatch.domain.record import DispatchModel
from review_dispatch.domain.standard_reasons import SCANS, Code, DecisionReasons, StandardReasons
from standards.document_types import FieldName, TypePart
from standards.field_kinds import FieldKind
from standards.working_days import Calendar

WorkingDays = Annotated[int, Field(ge=0, le=60)]

SUB_DISTRICT = "sub-district"
"""Stands in a route for the office of the community's sub-district."""


REGISTRATION = "registration"
"""Stands for a document type where the registration itself is meant."""


class Level(DispatchModel):
    """Who gets a task that is overdue, and how many working days they have."""

    to: Code
    working_days: WorkingDays


class DocumentRoute(DispatchModel):
    """Where a document of one type is reviewed. Without `fields`, any field that was compared may be corrected."""

    department: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]
    second_reviewer: bool = False
    valid_until: Literal["required", "optional", "none"] = "optional"
    valid_until_field: FieldName | None = None
    number_field: FieldName | None = None
    fields: dict[FieldName, FieldKind] = Field(default_factory=dict)


class _Review(DispatchModel):
    working_days: WorkingDays
    escalate: tuple[Level, ...]
    second_reviewer: bool = False
    valid_until: Literal["required", "optional", "none"] = "optional"
    valid_until_field: FieldName | None = None
    reasons: DecisionReasons = DecisionReasons()


class _ReviewedField(TypePart):
    holds: FieldKind


class ReviewedType(TypePart):
    """The part of the registry of document types that says how one is reviewed."""

    department: Code
    record_field: FieldName | None = None
    fields: dict[FieldName, _ReviewedField]
    review: _Review

    @model_validator(mode="after")
    def _names_its_own_fields(self) -> Self:
        ends = self.fields.get(self.review.valid_until_field or "")
        if self.review.valid_until_field is not None and (ends is None or ends.holds != "date"):
            message = f"valid_until_field {self.review.valid_until_field!r} is not one of its date fields"
            raise ValueError(message)
        for reason in self.review.reasons.correction:
            if reason.field not in {None, SCANS, *self.fields}:
                message = f"reason {reason.code}: no such field: {reason.field}"
                raise ValueError(message)
        return self

    @property
    def route(self) -> DocumentRoute:
        """Where documents of the type are reviewed."""
        kinds = {name: field.holds for name, field in self.fields.items()}
        said = {name: value for name, value in self.review if name != "reasons"}
        return DocumentRoute(department=self.department, number_field=self.record_field, fields=kinds, **said)


class VisitRules(DispatchModel):
    """When an officer comes at all, how long a slot may be, and how many are offered at once (Shenzhen's time)."""

    earliest: time
    latest: time
    longest_hours: Annotated[int, Field(ge=1, le=12)]


class FieldCheckRoute(DispatchModel):
    """Where door checks go, and when officers come."""

    department: Code
    visits: VisitRules
    escalate: tuple[Level, ...]


class SubDistrict(DispatchModel):
    """A sub-district; `department` is its office."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
    department: Code


class DecisionRoute(DispatchModel):
    """Who is told when a department does not decide in time."""

    department: Code
    escalate: tuple[Level, ...]


class DisputeRoute(DispatchModel):
    """Who answers when a look at somebody's data is disputed and names no department, and how long anybody has."""

    department: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]


class CorrectionRoute(DispatchModel):
    """How long a department has to answer a request for correction; who answers one of the registration itself."""

    registration: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]


class OtherRoutes(DispatchModel):
    """The data file: all routes but those of the document types."""

    departments: tuple[Code, ...]
    other_documents: DocumentRoute
    field_checks: FieldCheckRoute
    sub_districts: tuple[SubDistrict, ...]
    decisions: tuple[DecisionRoute, ...]
    other_decisions: tuple[Level, ...]
    disputes: DisputeRoute
    corrections: CorrectionRoute


class Routes(OtherRoutes):
    """All routes of the district."""

    documents: dict[Code, DocumentRoute]

    def of_document(self, document_type: str) -> DocumentRoute:
        """Return the route of a document type; one that has none goes where `other_documents` says."""
        return self.documents.get(document_type, self.other_documents)

    def of_field_check(self, community: str) -> tuple[Level, ...]:
        """Return who is told when nobody looks at a door of `community`; without an office, that level is skipped."""
        office = next((part.department for part in self.sub_districts if community.startswith(part.code)), None)
        levels = (_at(office, level) if level.to == SUB_DISTRICT else level for level in self.field_checks.escalate)
        return tuple(level for level in levels if level is not None)

    def led_by(self, departments: frozenset[str]) -> frozenset[str]:
        """Return the departments of which these are the next above."""
        documents = [(route.department, route.escalate) for route in (*self.documents.values(), self.other_documents)]
        decisions = [(route.department, route.escalate) for route in self.decisions]
        ladders = (*documents, *decisions)
        return frozenset(department for department, ladder in ladders if ladder and ladder[0].to in departments)

    def of_dispute(self, department: str | None) -> str:
        """Return who answers for a look by a department; one that there is not, or none, is answered for by another."""
        return department if department in self.departments else self.disputes.department

    def of_correction(self, document_type: str) -> str:
        """Return who answers when a value of such a document, or of the registration, is said to be wrong."""
        if document_type == REGISTRATION:
            return self.corrections.registration
        return self.of_document(document_type).department

    def of_decision(self, department: str) -> tuple[Level, ...]:
        """Return who is told when a department does not decide in time."""
        routes = (route.escalate for route in self.decisions if route.department == department)
        return next(routes, self.other_decisions)


class District(DispatchModel):
    """Everything about the district that requests are routed by."""

    routes: Routes
    reasons: StandardReasons
    calendar: Calendar

    def due(self, asked_on: date, working_days: int, *, promised: date | None = None) -> date:
        """Return the last day for work asked for on `asked_on`: not after what is promised to the applicant.

        A promise that has passed already brings nothing forward.
        """
        day = self.calendar.add(asked_on, working_days)
        return day if promised is None or promised < asked_on else min(day, promised)


def _at(office: str | None, level: Level) -> Level | None:
    return None if office is None else Level(to=office, working_days=level.working_days)
