"""What a holder shows of a credential: as text, and as a QR code that holds the same."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from segno import DataOverflowError
from starlette.responses import Response

from bus.event import Outcome
from credential_store.api.credentials import DepsOf, Id, Resident
from credential_store.domain import compact
from credential_store.domain.sd_jwt import SdJwt
from credential_store.handlers import presentations
from credential_store.handlers.presentations import Wish
from runtime.errors import Refusal
from web import routes

router = APIRouter(prefix="/credentials/{id}", tags=["presentations"])

FieldName = Annotated[str, Field(min_length=1, max_length=100)]
Ask = Annotated[str | None, Field(min_length=1, max_length=200)]
Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
_LARGEST_VERSION = 27
"""125 modules a side, read from a phone's screen at arm's length; what takes more gets less error correction."""


class HolderKey(BaseModel):
    """The public key of the holder's portal (a JSON Web Key for ES256), by which it proves that it is they who show."""

    model_config = ConfigDict(extra="forbid")
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


class PresentationGiven(BaseModel):
    """What to show: the fields by name, and, if the verifier asked for it, for whom and with which nonce."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"fields": ["name", "address"]},
                {"fields": ["name"], "audience": "https://library.example", "nonce": "n-0S6_WzA2Mj"},
            ]
        },
    )
    fields: Annotated[list[FieldName], Field(max_length=64)] = []
    audience: Ask = None
    nonce: Ask = None
    holder_key: HolderKey | None = None


class DrawingAsked(BaseModel):
    """The same in an address: `field` once for each field to show; none shows only what the credential is."""

    model_config = ConfigDict(extra="forbid")
    field: Annotated[list[FieldName], Field(max_length=64)] = []
    audience: Ask = None
    nonce: Ask = None


class PresentationView(BaseModel):
    """The presentation (SD-JWT), the same as the text of a QR code, and where the QR code is drawn."""

    presentation: str
    qr_text: str
    shown: list[str]
    qr_png: str
    qr_svg: str

    @classmethod
    def of(cls, id: str, given: PresentationGiven, shown: SdJwt) -> Self:
        """Show it. A code with the holder's proof can only be drawn by who has the key."""
        asked = {"field": given.fields, "audience": given.audience, "nonce": given.nonce}
        question = urlencode({name: value for name, value in asked.items() if value}, doseq=True)
        address = f"/v1/credentials/{id}/qr.{{}}{'?' if question else ''}{question}"
        return cls(
            presentation=shown.text,
            qr_text=compact.pack(shown),
            shown=[each.name for each in shown.shown],
            qr_png=address.format("png"),
            qr_svg=address.format("svg"),
        )


@router.post("/presentations", summary="Show chosen fields of a credential", response_model=PresentationView)
async def present(given: PresentationGiven, id: Id, by: Resident, deps: DepsOf, commit: routes.Commit) -> Response:
    """Give the holder a presentation that shows these fields and nothing else. Nobody remembers for whom it was."""
    key = given.holder_key.model_dump() if given.holder_key else None
    wish = Wish(given.fields, given.audience, given.nonce, key)
    return await commit(
        lambda: presentations.present(id, wish, by, deps),
        lambda shown: PresentationView.of(id, given, shown),
        only_looks=True,  # what was shown is kept under no key
    )


@router.get(
    "/qr.{form}",
    summary="Draw a presentation as a QR code",
    response_class=Response,
    responses={200: {"content": {"image/png": {}, "image/svg+xml": {}}}},
)
async def draw(
    id: Id,
    form: Annotated[Literal["png", "svg"], Path()],
    asked: Annotated[DrawingAsked, Query()],
    by: Resident,
    deps: DepsOf,
    commit: routes.Commit,
) -> Response:
    """Draw the code; its content is the presentation itself, which anybody can check."""
    shown: list[SdJwt] = []

    async def work() -> Outcome[SdJwt]:
        outcome = await presentations.present(id, Wish(asked.field, asked.audience, asked.nonce), by, deps)
        shown[:] = [outcome.result] if outcome.result else []
        return outcome

    await commit(work, lambda _: None, only_looks=True)
    content, media_type = await asyncio.to_thread(picture, compact.pack(shown[0]), form)  # takes a tenth of a second
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, no-store"})


def picture(text: str, form: Literal["png", "svg"]) -> tuple[bytes, str]:
    """Draw a text as a QR code. Refuses more than one can hold."""
    try:
        code = segno.make_qr(text, error="m", boost_error=False)
        if int(code.version) > _LARGEST_VERSION:
            code = segno.make_qr(text, error="l", boost_error=False)
    except DataOverflowError as error:
        raise Refusal("too-much-for-a-qr-code", field="field") from error
    drawn = BytesIO()
    code.save(drawn, kind=form, scale=4, border=4)
    return drawn.getvalue(), "image/png" if form == "png" else "image/svg+xml"
