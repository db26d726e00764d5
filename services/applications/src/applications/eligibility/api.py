"""/v1/eligibility: what may I get, of all that there is."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from applications.api.application_views import PersonView
from applications.api.labels import LabelledCode, Labels
from applications.api.parts import DepsOf, WordingOf
from applications.eligibility import use_cases
from applications.eligibility.model import JudgedItem, Verdict
from applications.eligibility.use_cases import Survey
from web.presences import CallerOf
from web.routes import Commit

router = APIRouter(prefix="/eligibility", tags=["items"])


class JudgedItemView(BaseModel):
    """An item: may I, and what would I bring."""

    model_config = ConfigDict(validate_by_name=True)

    item: LabelledCode
    department: LabelledCode
    promise: str
    verdict: Verdict
    possible_from: date | None = Field(alias="from")
    """The first day on which it can be applied for; null unless only the day stands against it."""
    brings_nothing: bool | None
    """Null while it depends on a child who was not named."""
    bring: list[str]
    """Documents that are not held: a scan of any one of each line speeds it up."""
    reasons: list[str]
    """Each condition that is not met."""
    second_party: str | None
    """Who must confirm with a sign-in of their own; at a window or a terminal it can't be applied for then."""
    text: str

    @classmethod
    def of(cls, judged: JudgedItem, said: _Said) -> Self:
        """Say a judgement."""
        item, wording = judged.item, said.wording
        bring = [said.documents(each.any_of) for each in judged.missing]
        reasons = [wording.rule(rule, item.code) for rule in judged.unmet]
        return cls(
            item=wording.item(item.code),
            department=said.department(item.department),
            promise=wording.promise(item.promise),
            verdict=judged.verdict,
            possible_from=judged.possible_from,
            brings_nothing=judged.brings_nothing,
            bring=bring,
            reasons=reasons,
            second_party=item.second_party and item.second_party.name.say(wording.language),
            text=wording.say(
                f"judged.{_key(judged)}",
                documents=said.separator.join(bring),
                reasons=said.separator.join(reasons),
                day=wording.day(judged.possible_from),
            ),
        )


class EligibilityOfAllView(BaseModel):
    """For whom, and every item that is open: what can be had at once for nothing first."""

    person: PersonView
    items: list[JudgedItemView]

    @classmethod
    def of(cls, survey: Survey, wording: Labels) -> Self:
        said = _Said(wording)
        return cls(
            person=PersonView(resident_id=survey.person.id, name=survey.person.name),
            items=[JudgedItemView.of(each, said) for each in survey.items],
        )


@router.get("", summary="What may I get: every item, for me or a child of mine", response_model=EligibilityOfAllView)
async def survey(
    by: CallerOf,
    deps: DepsOf,
    wording: WordingOf,
    commit: Commit,
    subject_id: Annotated[str | None, Query(max_length=60, description="The child to apply for")] = None,
) -> Response:
    """Judge all items at once: may I apply, do I bring nothing, from when, or why not."""
    return await commit(
        lambda: use_cases.survey(subject_id, by, deps),
        lambda found: EligibilityOfAllView.of(found, wording),
        only_looks=True,
    )


def _key(judged: JudgedItem) -> str:
    if judged.verdict != "may":
        return judged.verdict
    return "may-with-nothing" if judged.brings_nothing else "may-with-scans"


class _Said:
    """Says once what many items of an answer have in common."""

    def __init__(self, wording: Labels) -> None:
        self.wording = wording
        self.separator = wording.say("list")
        self.department = cache(wording.department)
        self.documents = cache(self._documents)

    def _documents(self, any_of: tuple[str, ...]) -> str:
        return self.wording.say("any-of").join(named.name for named in self.wording.documents(any_of))
