"""/v1/erasures: having erased what may go of what is held about a resident, and reading what stays and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from data_rights.api.parts import DepsOf, ListingOf, Resident
from data_rights.api.wording import Coded, coded
from data_rights.domain.erasure import Answer, Erasure
from data_rights.handlers import erasing
from runtime.clock import today
from runtime.pages import Page
from runtime.retention import Declared, Kind, Kinds
from runtime.web import Commit, Language

router = APIRouter(prefix="/erasures", tags=["erasures"])

ErasureId = Annotated[str, Path(max_length=60, examples=["era_01kb2m7k9q3v5x8z0a1b2c3d4e"])]


class ErasureAsked(BaseModel):
    """Whose data: a ward's, or by default the caller's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{}]})
    resident_id: Annotated[str, Field(max_length=60)] | None = None


class GoneView(BaseModel):
    """A kind of data that went."""

    kind: Coded
    count: int

    @classmethod
    def of(cls, kinds: Kinds, code: str, count: int, language: str) -> GoneView:
        """Name it."""
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
    """An erasure: under-way, or done when every service has answered.

    `everywhere` is what the bus and every service keep of messages for a while, of anybody.
    """

    erasure_id: str
    resident_id: str
    state: Coded
    requested_at: datetime
    services: list[ServiceAnswer]
    everywhere: list[StaysView]

    @classmethod
    def of(cls, erasure: Erasure, terms: Declared, language: str) -> ErasureView:
        """Show an erasure."""
        return cls(
            erasure_id=erasure.id,
            resident_id=erasure.resident_id,
            state=coded("erasure-states", erasure.state, language),
            requested_at=erasure.requested_at,
            services=[_answer(name, erasure.answers.get(name), terms, language) for name in erasure.services],
            everywhere=_everywhere(erasure, terms, language),
        )


@router.post("", summary="Have erased what may go of my data", status_code=202, response_model=ErasureView)
async def request(
    caller: Resident, deps: DepsOf, language: Language, commit: Commit, body: ErasureAsked | None = None
) -> Response:
    """Ask every service to erase what may go of the caller's data, or of a child's in their care, for good."""
    resident_id = body.resident_id if body else None
    return await commit(
        lambda: erasing.request(resident_id, caller, deps), lambda it: ErasureView.of(it, deps.terms, language), 202
    )


@router.get("", summary="List what I asked to be erased")
async def list_own(asked: ListingOf) -> Page[ErasureView]:
    """Give one's own erasures, or a ward's, the latest first."""
    return await asked.shown(
        asked.deps.erasures,
        order=lambda it: it.id,
        view=lambda it: ErasureView.of(it, asked.deps.terms, asked.language),
    )


@router.get("/{id}", summary="Read what went, what stays, and why")
async def read(id: ErasureId, caller: Resident, deps: DepsOf, language: Language) -> ErasureView:
    """Show an erasure that the caller asked for."""
    return ErasureView.of(await erasing.find(id, caller, deps), deps.terms, language)


def _answer(service: str, answer: Answer | None, terms: Declared, language: str) -> ServiceAnswer:
    kinds = terms.services.get(service, {})
    said = answer or Answer(erased=(), kept=())
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


def _last_day(asked_at: datetime, kind: Kind) -> date | None:
    return None if kind.days is None else today(asked_at) + timedelta(days=kind.days)


def _named(kinds: Kinds, code: str, language: str) -> Coded:
    kind = kinds.get(code)
    return Coded(code=code, name=kind.name.said(language) if kind else code)
