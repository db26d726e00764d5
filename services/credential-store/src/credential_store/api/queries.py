"""Queries of departments, with a stated purpose; the answer speaks the standard's English names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from credential_store.api.views import MatchView, match
from credential_store.domain.document_types import HolderType
from credential_store.domain.looks import LONGEST_PURPOSE, LookQuestion
from credential_store.handlers import queries
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.queries import LookAnswer
from runtime.errors import NotFound
from standards.bounds import SAID
from web import routes
from web.auth import Principal, Role, allow

router = APIRouter(prefix="/queries", tags=["queries"])

_NOTHING = 204


class QueryGiven(BaseModel):
    """A question for one credential by its identifier, or for a holder's by number or resident id.

    `holder_type` is 111 for a citizen identity number, 001 for a unified social credit code. Without `document_type`
    everything is found that the department may query.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"purpose": "办理居住证", "number": "44030919900101001X", "document_type": "rental-contract-record"},
                {
                    "purpose": "核验申请人提交的证照",
                    "identifier": "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
                },
            ]
        },
    )
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_PURPOSE), SAID]
    identifier: str | None = Field(None, max_length=200)
    holder_type: HolderType = "111"
    number: str | None = Field(None, max_length=40)
    resident_id: str | None = Field(None, max_length=100)
    document_type: str | None = Field(None, max_length=100)


class LookAnswerView(BaseModel):
    """All credentials that matched; there is at least one."""

    matches: list[MatchView]


@router.post("", summary="Query credentials for a stated purpose", response_model=LookAnswerView)
async def ask(
    given: QueryGiven,
    by: Annotated[Principal, allow(Role.DEPARTMENT, Role.REVIEWER, rate="look-up")],
    deps: Annotated[Deps, Depends(routes.deps)],
    language: routes.Language,
    commit: routes.Commit,
) -> Response:
    """Find credentials. Every query is recorded with its purpose where the holder can read it.

    Refused are: no match (404), no token (401), a type that is not shared with the department (403), a holder type
    that the document type does not have (422).
    """

    def view(answer: LookAnswer) -> LookAnswerView:
        return LookAnswerView(matches=[match(found, language, deps) for found in answer.matches])

    question = LookQuestion(**given.model_dump())
    response = await commit(lambda: queries.ask(question, by, deps), view)
    if response.status_code == _NOTHING:  # committed all the same: that a department asked is recorded
        raise NotFound("no-match")
    return response
