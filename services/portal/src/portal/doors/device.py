"""What a phone needs to go on without a network: its officer's key, a page with no personal data, a service worker."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from fastapi import Query
from starlette.responses import JSONResponse, Response

from portal.frame.assets import FILES, ROOT, asset
from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from runtime.texts import LANGUAGES
from web.auth import Role

router = page_router()


@router.get("/doors/device")
async def device(visit: Anybody, device: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Tell a phone who is signed in, and give it the key that opens what it keeps for them.

    The key is the same at each sign-in of an officer on a phone, and another one for anybody else and anywhere else. It
    may be kept until `until`. For a stranger `owner` is empty.
    """
    session = visit.session
    if session is None or session.person.role != Role.GRID_OFFICER:
        return JSONResponse({"owner": ""})
    return JSONResponse(
        {
            "owner": visit.owner,
            "token": visit.form_token,
            "key": visit.frame.keyed("device", session.person.subject, device),
            "until": session.ends_at.isoformat(),
        }
    )


@router.get("/doors/offline")
async def offline(visit: Anybody, language: str = "") -> Response:
    """Send the page that a phone shows without a network; what it keeps is opened there, by the phone."""
    for known in LANGUAGES:
        if known == language:
            visit.language = known
    return visit.show("doors/offline.html")


@router.get("/doors/worker.js")
async def worker(visit: Anybody) -> Response:
    """Send the service worker; from here it may answer for the pages below `/doors/` and for no others."""
    del visit
    return Response(_worker(), media_type="text/javascript")


@router.get("/doors/manifest.webmanifest")
async def manifest(visit: Anybody) -> Response:
    """Say how the place looks as an app on a phone."""
    said = {
        "name": f"{visit.t('frame.brand')} · {visit.t('doors.name')}",
        "short_name": visit.t("doors.name"),
        "lang": visit.language,
        "start_url": "/doors/",
        "scope": "/doors/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b5d51",
        "icons": [{"src": asset("mark.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return JSONResponse(said, media_type="application/manifest+json")


@cache
def _worker() -> bytes:
    return (FILES / asset("doors-worker.js").removeprefix(f"{ROOT}/")).read_bytes()
