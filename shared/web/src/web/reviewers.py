"""Whose decisions count, as data (`shared/contracts/reviewers.yaml`), and what officers sign to correct a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bus.event import View
from runtime.data_files import load
from standards import document_types
from standards.document_types import TypePart
from standards.field_kinds import Value
from web.auth import Role
from web.signed_requests import Signed, SignedDeed, SignedRequests, refuse_unless, signed_at

OF_DEPARTMENT = "signed by a reviewer of that department"
BY_NAMED = "signed by who is named"
REVIEWERS = frozenset({Role.REVIEWER})
BodyT = TypeVar("BodyT", bound=View)
_CORRECTION = "review-dispatch.correction-answered"


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Deciding(_Listed):
    """The departments of the people who may decide, and how many people it takes."""

    departments: frozenset[str] = Field(min_length=1)
    people: int = Field(1, ge=1)


class _Level(TypePart):
    to: str


class _Deciders(TypePart):
    escalate: tuple[_Level, ...]
    second_reviewer: bool = False


class _DecidedType(TypePart):
    department: str
    review: _Deciders

    @property
    def deciding(self) -> Deciding:
        """The department, those that an overdue review goes to, and how many people it takes."""
        departments = frozenset((self.department, *(level.to for level in self.review.escalate)))
        return Deciding(departments=departments, people=2 if self.review.second_reviewer else 1)


class _OtherReviewers(_Listed):
    other_documents: Deciding
    doors: Deciding
    decisions: Mapping[str, Deciding]


class Reviewers(_OtherReviewers):
    """By document type, at the door, and by item."""

    documents: Mapping[str, Deciding]

    @classmethod
    def read(cls, path: Path) -> Reviewers:
        """Read the data file, and of documents the registry of their types. Raises DataFileError."""
        documents = {code: kind.deciding for code, kind in document_types.read(_DecidedType).items()}
        return cls(**dict(load(path, _OtherReviewers)), documents=documents)

    def of(self, document_type: str) -> Deciding:
        """Return who may approve documents of a type, and correct them; also the registration itself."""
        return self.documents.get(document_type, self.other_documents)


def task_id(case: str, kind: str, requirement: str = "", attempt: int = 1) -> str:
    """Return the id that review-dispatch derives for a task: a signed request names the task, and so its case."""
    return "task_" + sha256("\n".join((case, kind, requirement, str(attempt))).encode()).hexdigest()[:26]


@dataclass(frozen=True, slots=True)
class SignedCorrection:
    """An answer that a value was wrong, as an event tells it. `requests`: what each officer sent, in their order."""

    correction_id: str
    document_type: str
    officers: Sequence[str]
    requests: Sequence[Signed] | None
    at: datetime


class _OfficersAnswer(View):
    result: str
    value: Value | None = None


async def require_officers(
    answer: SignedCorrection, reviewers: Reviewers, requests: SignedRequests, event: str = _CORRECTION
) -> Value | None:
    """See that officers who may have answered that this value was wrong; return the value that they named, if any.

    `event`: `<publisher>.<event>` that tells it. Raises BrokenMessageError, NotYet.
    """
    rule = reviewers.of(answer.document_type)
    path = f"/v1/tasks/{task_id(answer.correction_id, 'correction')}/correction"
    if answer.requests is None:
        await requests.require(None, SignedDeed(event, path, answer.at, REVIEWERS))
        return None
    named: Value | None = None
    refuse_unless(
        len(answer.requests) == len(answer.officers) == len(set(answer.officers)) >= rule.people,
        f"signed by {rule.people} people",
    )
    for each, officer in zip(answer.requests, answer.officers, strict=True):
        person = await requests.require(each, SignedDeed(event, path, signed_at(each), REVIEWERS))
        refuse_unless(person is not None and person.subject == officer, BY_NAMED)
        refuse_unless(person is not None and bool(rule.departments & person.departments), OF_DEPARTMENT)
        said = body_of(each, _OfficersAnswer)
        refuse_unless(said.result == "corrected", "an answer that the value was wrong")
        named = said.value if said.value is not None else named
    return named


def body_of(signed: Signed, kind: type[BodyT]) -> BodyT:
    """Return what a request says. Raises BrokenMessageError."""
    try:
        return kind.model_validate_json(signed.body or "{}")
    except ValidationError as error:
        refuse_unless(False, f"a body that can be read: {error.error_count()} faults")  # noqa: FBT003 - it never holds
        raise
