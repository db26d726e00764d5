"""A resident's own credentials, and what the department that keeps them does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from credential_store.api.views import CredentialSummary, CredentialView, detail, summary
from credential_store.domain.credential import REVOKED, Credential, Ended
from credential_store.domain.lifecycle import CredentialCorrection
from credential_store.domain.looks import LONGEST_PURPOSE
from credential_store.handlers import lifecycle, queries
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.lifecycle import Order
from runtime.clock import Day
from standards.bounds import MOST_FIELDS, SAID, Name, Value
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/credentials", tags=["credentials"])

DepsOf = Annotated[Deps, Depends(routes.deps)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
Reviewer = Annotated[Principal, allow(Role.REVIEWER)]
Viewer = Annotated[Principal, allow(Role.RESIDENT, Role.REVIEWER, Role.DEPARTMENT)]
Id = Annotated[str, Path(pattern=r"^crd_[0-9a-f]{20}$", examples=["crd_5d41402abc4b2a76b971"])]
Reason = Annotated[str, Field(min_length=1, max_length=500), SAID]
Purpose = Annotated[
    str | None,
    Query(max_length=LONGEST_PURPOSE, description="Why a department looks; its holder can read it"),
]


class ReasonGiven(BaseModel):
    """Why; the holder can read it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "疑似伪造，正在核查"}]})
    reason: Reason


class EndingGiven(ReasonGiven):
    """Why, and the status it ends in: 07 revoked, 03 withdrawn, 04 cancelled, 06 transferred, 99 other."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "房屋已转让", "status": "06"}]}
    )
    status: Ended = REVOKED


class CorrectionGiven(ReasonGiven):
    """Why, and what the next version says differently."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason": "姓名用字更正", "fields": {"child_name": "李小华"}, "valid_until": None}]
        },
    )
    fields: Annotated[dict[Name, Value], Field(max_length=MOST_FIELDS)] = {}
    valid_until: Day | None = None


class Keeping:
    """What all four ways to change a credential take besides their bodies."""

    def __init__(
        self,
        id: Id,
        by: Reviewer,
        deps: DepsOf,
        if_match: routes.IfMatch,
        language: routes.Language,
        commit: routes.Commit,
    ) -> None:
        self.deps = deps
        self.commit = commit
        self._about = (id, by, if_match)
        self._language = language

    def order(self, reason: str) -> Order:
        """Say who wants what changed, and why."""
        id_, by, if_match = self._about
        return Order(id_, reason, by, if_match)

    @property
    def view(self) -> Callable[[Credential], CredentialView]:
        """Show the changed credential to the department."""
        return lambda it: detail(_stored(it), self._language, self.deps, for_staff=True)


class ListAsked:
    """Which part of whose list is asked for."""

    def __init__(
        self,
        cursor: Cursor,
        holder: Annotated[str | None, Query(max_length=60, description="A child whose guardian I am")] = None,
        limit: Limit = 20,
        q: Annotated[str, Query(max_length=100, description="Words: what it is, its identifier, what it says")] = "",
    ) -> None:
        self.holder = holder
        self.after = str(cursor[0]) if cursor else None
        self.limit = limit
        self.words = q.strip()


@router.get("", summary="List my own credentials, or a ward's", response_model=Page[CredentialSummary])
async def list_own(
    by: Resident,
    deps: DepsOf,
    language: routes.Language,
    commit: routes.Commit,
    asked: Annotated[ListAsked, Depends()],
) -> Response:
    """Give a resident what the store holds of theirs or a ward's, by id; a ward can read that the guardian looked."""

    def listed(found: Sequence[Credential]) -> Page[CredentialSummary]:
        return page(found, asked.limit, key=lambda it: [it.id], view=lambda it: summary(it, language, deps))

    return await commit(
        lambda: queries.own(by, asked.holder, asked.after, asked.limit, asked.words, deps), listed, only_looks=True
    )


@router.get("/{id}", summary="Read one credential", response_model=CredentialView)
async def read(
    id: Id, by: Viewer, deps: DepsOf, language: routes.Language, commit: routes.Commit, purpose: Purpose = None
) -> Response:
    """Show a credential to its holder, or for a stated purpose, which the holder can read, to who keeps it."""
    credential = await queries.view(id, by, purpose, deps)
    shown = partial(detail, language=language, deps=deps, for_staff=by.role != Role.RESIDENT)
    return await commit(lambda: queries.tell_of_view(credential, by, purpose, deps), shown, only_looks=True)


@router.post("/{id}/suspension", summary="Suspend a credential", response_model=CredentialView)
async def suspend(given: ReasonGiven, about: Annotated[Keeping, Depends()]) -> Response:
    """Suspend a valid credential (02) until it is reinstated."""
    return await about.commit(lambda: lifecycle.suspend(about.order(given.reason), about.deps), about.view)


@router.post("/{id}/reinstatement", summary="Reinstate a suspended credential", response_model=CredentialView)
async def reinstate(given: ReasonGiven, about: Annotated[Keeping, Depends()]) -> Response:
    """Lift the department's suspension."""
    return await about.commit(lambda: lifecycle.reinstate(about.order(given.reason), about.deps), about.view)


@router.post("/{id}/revocation", summary="End a credential for good", response_model=CredentialView)
async def end(given: EndingGiven, about: Annotated[Keeping, Depends()]) -> Response:
    """Revoke, withdraw, cancel or transfer a credential; it never becomes valid again."""
    return await about.commit(lambda: lifecycle.end(about.order(given.reason), given.status, about.deps), about.view)


@router.post("/{id}/reissue", summary="Re-issue a credential", response_model=CredentialView)
async def reissue(given: CorrectionGiven, about: Annotated[Keeping, Depends()]) -> Response:
    """Issue the next version, corrected or prolonged; it names its predecessor."""
    correction = CredentialCorrection(fields=given.fields, valid_until=given.valid_until)
    return await about.commit(lambda: lifecycle.reissue(about.order(given.reason), correction, about.deps), about.view)


def _stored(credential: Credential) -> Credential:
    """Return a credential as it will be once the change is committed, under its next version."""
    return credential.model_copy(update={"version": credential.version + 1})
