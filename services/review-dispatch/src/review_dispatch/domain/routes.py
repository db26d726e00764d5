"""Where work goes: the routes of the district, as its data file says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from review_dispatch.domain.record import Record
from review_dispatch.domain.standard_reasons import Code, StandardReasons
from standards.document_fields import FieldName, by_type
from standards.field_kinds import FieldKind
from standards.working_days import Calendar

WorkingDays = Annotated[int, Field(ge=0, le=60)]

SUB_DISTRICT = "sub-district"
"""Stands in a route for the office of the community's sub-district."""


REGISTRATION = "registration"
"""Stands for a document type where the registration itself is meant."""


class Level(Record):
    """Who gets a task that is overdue, and how many working days they have."""

    to: Code
    working_days: WorkingDays


class DocumentRoute(Record):
    """Where a document of one type is reviewed. Without `fields`, any field that was compared may be corrected."""

    department: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]
    second_reviewer: bool = False
    valid_until: Literal["required", "optional", "none"] = "optional"
    valid_until_field: FieldName | None = None
    number_field: FieldName | None = None
    fields: dict[FieldName, FieldKind] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ends_on_a_date(self) -> DocumentRoute:
        if self.valid_until_field is not None and self.fields.get(self.valid_until_field) != "date":
            message = f"valid_until_field {self.valid_until_field!r} is not one of its date fields"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _is_told_apart_by_a_field(self) -> DocumentRoute:
        if self.number_field is not None and self.number_field not in self.fields:
            message = f"number_field {self.number_field!r} is not one of its fields"
            raise ValueError(message)
        return self


class VisitRules(Record):
    """When an officer comes at all, how long a slot may be, and how many are offered at once (Shenzhen's time)."""

    earliest: time
    latest: time
    longest_hours: Annotated[int, Field(ge=1, le=12)]


class FieldCheckRoute(Record):
    """Where door checks go, and when officers come."""

    department: Code
    visits: VisitRules
    escalate: tuple[Level, ...]


class SubDistrict(Record):
    """A sub-district; `department` is its office."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
    department: Code


class DecisionRoute(Record):
    """Who is told when a department does not decide in time."""

    department: Code
    escalate: tuple[Level, ...]


class DisputeRoute(Record):
    """Who answers when a look at somebody's data is disputed and names no department, and how long anybody has."""

    department: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]


class CorrectionRoute(Record):
    """How long a department has to answer a request for correction; who answers one of the registration itself."""

    registration: Code
    working_days: WorkingDays
    escalate: tuple[Level, ...]


class Routes(Record):
    """All routes of the district."""

    departments: tuple[Code, ...]
    documents: dict[Code, DocumentRoute]
    other_documents: DocumentRoute
    field_checks: FieldCheckRoute
    sub_districts: tuple[SubDistrict, ...]
    decisions: tuple[DecisionRoute, ...]
    other_decisions: tuple[Level, ...]
    disputes: DisputeRoute
    corrections: CorrectionRoute

    @model_validator(mode="before")
    @classmethod
    def _with_fields(cls, said: object) -> object:
        """Give the documents of each type their fields: the file says where they go, not what stands in them."""
        if not isinstance(said, Mapping) or not isinstance(said.get("documents"), Mapping):
            return said
        documents = {code: _with_fields_of(code, route) for code, route in said["documents"].items()}
        return {**said, "documents": documents}

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


class District(Record):
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


def _with_fields_of(code: object, route: object) -> object:
    known = by_type().get(str(code))
    return {**route, "fields": known.fields} if known and isinstance(route, Mapping) else route


def _at(office: str | None, level: Level) -> Level | None:
    return None if office is None else Level(to=office, working_days=level.working_days)
