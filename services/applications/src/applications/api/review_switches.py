"""/v1/review-switches: rehearse, switch off and switch on again who reviews a document type, by two officials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from applications.api.labels import LabelledCode, Labels
from applications.api.notices import moment
from applications.api.parts import DepsOf, WordingOf
from applications.api.requests import ApplicationsRequest, Words
from applications.domain.decided import Decided
from applications.domain.review_switch import Back, Review, Signal, SwitchStep, Why
from applications.handlers import review_switches
from applications.handlers.review_switches import Rehearsal, Switch
from runtime.clock import today
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page
from web.routes import Commit, IfMatch

router = APIRouter(prefix="/review-switches", tags=["review switches"])

Official = Annotated[Principal, allow(Role.OFFICIAL)]
Kind = Annotated[str, Path(max_length=80, examples=["household-register"])]


class Proposed(ApplicationsRequest):
    """Which way to switch, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"review": "automatic", "reason": "市镜像库已完整，近90天仅一件不一致"}]}
    )
    review: Review
    reason: Words


class Dropped(ApplicationsRequest):
    """Why a proposal is dropped."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "近期更正较多，暂缓"}]})
    reason: Words


class SwitchStepView(BaseModel):
    """One entry of the history, in words."""

    at: datetime
    what: str
    review: Review
    by: list[str]
    why: Why
    reason: str | None
    text: str

    @classmethod
    def of(cls, step: SwitchStep, wording: Labels) -> Self:
        key = f"review-steps.{step.what}" if step.by else f"review-steps.{step.why}"
        by = wording.say("between").join(step.by)
        return cls(
            **step.model_dump(include={"at", "what", "review", "why"}),
            by=list(step.by),
            reason=step.reason or None,
            text=wording.say(key, by=by, review=wording.say(f"reviews.{step.review}"), reason=step.reason),
        )


class ProposalView(BaseModel):
    """What waits for a second official."""

    review: Review
    by: str
    at: datetime
    until: datetime
    """When it lapses unless another official approves it."""
    reason: str


class SwitchView(BaseModel):
    """Who reviews what fails to match of one document type now, and what counts against its being switched off."""

    document_type: LabelledCode
    version: int
    review: Review
    review_name: str
    since: datetime | None
    proposal: ProposalView | None
    heard: dict[Signal, int]
    """People who disputed, and whose record was corrected, since it is off and within the days of `back`."""
    back: Back
    """More people than this, and review comes back by itself."""
    history: list[SwitchStepView]

    @classmethod
    def of(cls, found: Switch, wording: Labels, back: Back) -> Self:
        switch, proposal = found.switch, found.switch.open_proposal(found.now)
        kinds: tuple[Signal, ...] = ("disputes", "overturned")
        return cls(
            document_type=wording.document(found.document_type.code),
            version=switch.version,
            review=switch.review,
            review_name=wording.say(f"reviews.{switch.review}"),
            since=switch.since,
            proposal=ProposalView(**proposal.model_dump(), until=proposal.ends_at) if proposal else None,
            heard={kind: sum(each.kind == kind for each in switch.heard) for kind in kinds},
            back=back,
            history=[SwitchStepView.of(step, wording) for step in switch.history],
        )


class SwitchesView(BaseModel):
    """The switches of all document types that people review by the catalogue's data."""

    items: list[SwitchView]


class CaseView(BaseModel):
    """An approval that would have been a refusal. Nobody is named, and the number is masked."""

    number: str
    item: LabelledCode
    decided_on: date
    text: str

    @classmethod
    def of(cls, decided: Decided, wording: Labels, document_type: str) -> Self:
        item, day = wording.item(decided.item), today(decided.decided_at)
        failed = [each for review in decided.reviews_of(document_type) for each in review.unequal]
        fields = wording.say("between").join(wording.field(document_type, each).name for each in failed)
        return cls(
            number=decided.masked_number,
            item=item,
            decided_on=day,
            text=wording.say(
                "rehearsal.case" if fields else "rehearsal.case-unexplained",
                item=item.name,
                day=wording.day(day),
                fields=fields,
            ),
        )


class RehearsalView(BaseModel):
    """What would have come of the decisions of the last 90 days, had nobody reviewed this document type.

    Counts are exact: they are about what the official decides, and name nobody.
    """

    document_type: LabelledCode
    since: datetime
    decided: int = Field(description="Decisions that this document had a part in")
    reviews_saved: int = Field(description="Reviews that people did")
    refused: int = Field(description="Approvals that would have been refusals")
    refused_anyway: int = Field(description="Refusals that a reviewer had decided as well")
    text: str
    cases: Page[CaseView]

    @classmethod
    def of(cls, found: Rehearsal, limit: int, wording: Labels) -> Self:
        figures, code = found.figures, found.document_type.code
        counts = {
            "decided": figures.decided,
            "reviews_saved": figures.reviews,
            "refused": figures.approved_by_people,
            "refused_anyway": figures.refused_by_people,
        }
        view = partial(CaseView.of, wording=wording, document_type=code)
        return cls(
            document_type=wording.document(code),
            since=found.since,
            **counts,
            text=wording.say("rehearsal.all", document=wording.document(code).name, **counts),
            cases=page(found.cases, limit, key=lambda each: [each.decided_at.isoformat(), each.id], view=view),
        )


def _view(deps: DepsOf, wording: WordingOf) -> Callable[[Switch], SwitchView]:
    return partial(SwitchView.of, wording=wording, back=deps.criterion.back)


ViewOf = Annotated[Callable[[Switch], SwitchView], Depends(_view)]


@router.get("", summary="See who reviews what, and what is proposed")
async def list_all(_by: Official, deps: DepsOf, view: ViewOf) -> SwitchesView:
    """List every document type that people review by the catalogue's data."""
    return SwitchesView(items=[view(each) for each in await review_switches.every(deps)])


@router.get("/{document_type}", summary="See who reviews one document type, and what is proposed")
async def see(document_type: Kind, _by: Official, deps: DepsOf, view: ViewOf) -> SwitchView:
    """Show one of those that are listed."""
    return view(await review_switches.one(document_type, deps))


@router.get("/{document_type}/rehearsal", summary="Rehearse what would come of it if nobody reviewed it")
async def rehearse(
    document_type: Kind, _by: Official, deps: DepsOf, wording: WordingOf, cursor: Cursor, limit: Limit = 20
) -> RehearsalView:
    """Count on the decisions of the last 90 days; the cases come in pages, latest first."""
    before = moment(cursor)
    found = await review_switches.rehearse(document_type, before, limit + 1, deps)
    return RehearsalView.of(found, limit, wording)


@router.post("/{document_type}/proposal", summary="Propose to switch", responses={200: {"model": SwitchView}})
async def propose(
    document_type: Kind, body: Proposed, by: Official, deps: DepsOf, commit: Commit, view: ViewOf, if_match: IfMatch
) -> Response:
    """Propose; another official has to approve within 14 days."""
    return await commit(
        lambda: review_switches.propose(document_type, body.review, body.reason, by, deps, if_match=if_match), view
    )


@router.post("/{document_type}/approval", summary="Approve the proposal", responses={200: {"model": SwitchView}})
async def approve(
    document_type: Kind, by: Official, deps: DepsOf, commit: Commit, view: ViewOf, if_match: IfMatch
) -> Response:
    """Switch at once, for every submission from now on; what is being reviewed stays with its reviewers."""
    return await commit(lambda: review_switches.approve(document_type, by, deps, if_match=if_match), view)


@router.post("/{document_type}/rejection", summary="Drop the proposal", responses={200: {"model": SwitchView}})
async def reject(
    document_type: Kind, body: Dropped, by: Official, deps: DepsOf, commit: Commit, view: ViewOf, if_match: IfMatch
) -> Response:
    """Drop it, or take one's own back."""
    return await commit(lambda: review_switches.reject(document_type, body.reason, by, deps, if_match=if_match), view)
