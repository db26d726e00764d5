"""/v1/erasures: what would go of what is held about a resident, having that erased, and reading what stays and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from data_rights.api.labels import TEXTS, Coded, coded
from data_rights.api.parts import DepsOf, ListingOf, Resident, SigningResident
from data_rights.domain.erasure import TO_CONFIRM, Erasure, ErasureAnswer
from data_rights.handlers import erasure_requests
from runtime.clock import today
from store.retention import DataKind, Declared, Kinds
from web.pages import Page
from web.routes import Commit, Language

router = APIRouter(prefix="/erasures", tags=["erasures"])

ErasureId = Annotated[str, Path(max_length=60, examples=["era_01kb2m7k9q3v5x8z0a1b2c3d4e"])]


class ErasureAsked(BaseModel):
    """Whose data: a ward's, or by default the caller's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{}]})
    resident_id: Annotated[str, Field(max_length=60)] | None = None


class Confirmed(BaseModel):
    """What was shown: `preview` of the erasure as it was read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"preview": "9f2c9f2c9f2c9f2c"}]}
    )
    preview: Annotated[str, Field(min_length=1, max_length=90)]
    resident_id: Annotated[
        str | None, Field(max_length=60, description="Whose data it is; may be left out, as `preview` names a ward")
    ] = None


class GoneView(BaseModel):
    """A kind of data that went."""

    kind: Coded
    count: int

    @classmethod
    def of(cls, kinds: Kinds, code: str, count: int, language: str) -> GoneView:
        return cls(kind=_named(kinds, code, language), count=count)


class StaysView(BaseModel):
    """A kind of data that stays, until when, and why."""

    kind: Coded
    count: int | None = Field(description="How many; null: nobody counts them by person")
    until: date | None = Field(description="The day on which the last of it goes; null: `while` says it")
    lasts: str | None = Field(description="Until when in words, where no day is set", serialization_alias="while")
    why: str

    @classmethod
    def of(cls, kinds: Kinds, code: str, count: int | None, until: date | None, language: str) -> StaysView:
        """Name it, and say why it stays."""
        kind = kinds.get(code)
        lasts = kind.lasts.said(language) if kind and kind.lasts else None
        return cls(
            kind=_named(kinds, code, language),
            count=count,
            until=until,
            lasts=lasts,
            why=kind.why.said(language) if kind else "",
        )


class ServiceAnswer(BaseModel):
    """What one service says; `answered` false: nothing yet."""

    service: Coded
    answered: bool
    erased: list[GoneView]
    kept: list[StaysView]


class ErasureView(BaseModel):
    """An erasure: previewing until every service has spoken, awaiting-confirmation, under-way, done; or lapsed.

    `previews` are what would go and what would stay, `services` what went and what stays; before the confirmation
    nothing goes. `everywhere` is what the bus and every service keep of messages for a while, of anybody.
    """

    erasure_id: str
    resident_id: str
    state: Coded
    requested_at: datetime
    ends_at: datetime | None = Field(description="Until when it can be confirmed; null: it is confirmed")
    preview: str | None = Field(description="The name of what is shown, to confirm it by; null: not all of it is here")
    question: str | None = Field(description="What is asked, in words; null: nothing is to be confirmed now")
    previews: list[ServiceAnswer]
    services: list[ServiceAnswer]
    everywhere: list[StaysView]

    @classmethod
    def of(cls, erasure: Erasure, terms: Declared, language: str, now: datetime) -> ErasureView:
        state, previews = erasure.state(now), erasure.previews or {}
        is_shown = erasure.previews is not None
        is_open = is_shown and erasure.confirmed_at is None
        return cls(
            erasure_id=erasure.id,
            resident_id=erasure.resident_id,
            state=coded("erasure-states", state, language),
            requested_at=erasure.requested_at,
            ends_at=erasure.requested_at + TO_CONFIRM if is_open else None,
            preview=erasure.preview,
            question=_question(previews, language) if state == "awaiting-confirmation" else None,
            previews=[
                _answer(name, previews.get(name), terms, language)
                for name in erasure.services
                if is_open or name in previews
            ],
            services=[_answer(name, erasure.answers.get(name), terms, language) for name in erasure.services],
            everywhere=_everywhere(erasure, terms, language),
        )


@router.post("", summary="Ask what would be erased of my data", status_code=202, response_model=ErasureView)
async def request(
    caller: Resident, deps: DepsOf, language: Language, commit: Commit, body: ErasureAsked | None = None
) -> Response:
    """Ask every service what may go of the caller's data, or of a child's in their care. Nothing is erased yet."""
    resident_id = body.resident_id if body else None
    return await commit(
        lambda: erasure_requests.request(resident_id, caller, deps),
        lambda it: ErasureView.of(it, deps.terms, language, deps.clock()),
        202,
    )


@router.post("/{id}/confirmation", summary="Have erased what was shown", status_code=202, response_model=ErasureView)
async def confirm(
    id: ErasureId, body: Confirmed, caller: SigningResident, deps: DepsOf, language: Language, commit: Commit
) -> Response:
    """Have every service erase what was shown, for good. Refused (409) for anything else, and after an hour."""
    return await commit(
        lambda: erasure_requests.confirm(id, body.preview, caller, deps, ward=body.resident_id),
        lambda it: ErasureView.of(it, deps.terms, language, deps.clock()),
        202,
    )


@router.get("", summary="List what I asked to be erased")
async def list_own(asked: ListingOf) -> Page[ErasureView]:
    """Give one's own erasures, or a ward's, the latest first."""
    return await asked.shown(
        asked.deps.erasures,
        order=lambda it: it.id,
        view=lambda it: ErasureView.of(it, asked.deps.terms, asked.language, asked.deps.clock()),
    )


@router.get("/{id}", summary="Read what would go or went, what stays, and why")
async def read(id: ErasureId, caller: Resident, deps: DepsOf, language: Language) -> ErasureView:
    """Show an erasure that the caller asked for."""
    return ErasureView.of(await erasure_requests.find(id, caller, deps), deps.terms, language, deps.clock())


def _question(previews: Mapping[str, ErasureAnswer], language: str) -> str:
    gone = sum(each.count for answer in previews.values() for each in answer.erased)
    return TEXTS.say(language, "erasure-question.some" if gone else "erasure-question.none", count=gone)


def _answer(service: str, answer: ErasureAnswer | None, terms: Declared, language: str) -> ServiceAnswer:
    kinds = terms.services.get(service, {})
    said = answer or ErasureAnswer(erased=(), kept=())
    return ServiceAnswer(
        service=coded("services", service, language),
        answered=answer is not None,
        erased=[GoneView.of(kinds, each.kind, each.count, language) for each in said.erased],
        kept=[StaysView.of(kinds, each.kind, each.count, each.until, language) for each in said.kept],
    )


def _everywhere(erasure: Erasure, terms: Declared, language: str) -> list[StaysView]:
    kinds = {**terms.every_service, **terms.bus}
    return [
        StaysView.of(kinds, code, None, _last_day(erasure.requested_at, kind), language)
        for code, kind in kinds.items()
        if kind.asked == "keep"
    ]


def _last_day(asked_at: datetime, kind: DataKind) -> date | None:
    return None if kind.days is None else today(asked_at) + timedelta(days=kind.days)


def _named(kinds: Kinds, code: str, language: str) -> Coded:
    kind = kinds.get(code)
    return Coded(code=code, name=kind.name.said(language) if kind else code)
