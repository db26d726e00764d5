"""/verify/: a page where anybody pastes or scans what they were shown. It works without a script, and keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import jinja2
from fastapi import APIRouter, Depends, Form
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from credential_store.api.verifications import VerificationView
from credential_store.api.views import TEXTS
from credential_store.domain.sd_jwt import LARGEST
from credential_store.domain.verdict import VerificationRequest
from credential_store.handlers import verification
from credential_store.handlers.dependencies import Deps
from runtime.clock import today
from runtime.texts import CHOSEN, LANGUAGES, Language, of_page, written_day, written_moment
from standards.field_kinds import is_date
from web import problems, routes
from web.auth import bounded
from web.problems import Problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class VerifyPageRoute(APIRoute):
    """A route of which refusals and faults are pages: a browser reads them."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except Exception as error:  # noqa: BLE001 - a person is told of every fault by a page
                return await _told(request, error)

        return handler


router = APIRouter(prefix="/verify", route_class=VerifyPageRoute)

DepsOf = Annotated[Deps, Depends(routes.deps)]
_A_YEAR = 365 * 24 * 3600
_FOLDER = Path(__file__).parent
_TYPES: Final = {"verify.css": "text/css", "scan.js": "text/javascript"}
_FILES = {name: (_FOLDER / "static" / name).read_bytes() for name in _TYPES}
_VERSIONS = {name: sha256(content).hexdigest()[:12] for name, content in _FILES.items()}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


_WRONG: Final = {
    "busy": "busy",
    "temporarily-unavailable": "away",
    "unexpected": "failed",
    "no-such-address": "nowhere",
    "method-not-allowed": "nowhere",
}
"""What the page says of a problem, by its code; of any other that it can't be read."""


@router.get("")
async def beginning() -> Response:
    """Lead to the page."""
    return RedirectResponse("/verify/", 308)


async def _language(request: Request) -> Language:
    return of_page(request.cookies.get(CHOSEN), request.headers.get("accept-language"))


PageLanguage = Annotated[Language, Depends(_language)]


@router.get("/")
async def form(language: PageLanguage) -> Response:
    """Show the form."""
    return _page(language)


@router.post("/", dependencies=[Depends(bounded)])
async def check(
    deps: DepsOf,
    language: PageLanguage,
    presentation: Annotated[str, Form()] = "",
    checked: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="language")] = "",
) -> Response:
    """Show what the presentation says and whether it counts.

    Or, in another language, the same page: with the verdict on what was `checked` before, and with what was typed.
    """
    if wanted not in LANGUAGES:
        return await _verdict(presentation, language, deps)
    other = of_page(wanted, None)
    answer = await _verdict(checked, other, deps, typed=presentation) if checked else _page(other, typed=presentation)
    return _remembered(answer, wanted)


def _remembered(answer: Response, language: str) -> Response:
    """Have the browser keep the language that was chosen."""
    answer.set_cookie(CHOSEN, language, _A_YEAR, path="/", secure=True, httponly=True, samesite="lax")
    return answer


async def _verdict(presentation: str, language: Language, deps: Deps, *, typed: str = "") -> Response:
    given = presentation[: LARGEST + 1]
    verdict = VerificationView.of(await verification.verify(given, VerificationRequest(), deps), language)
    return _page(language, verdict, typed=typed, checked=given)


@router.get("/static/{version}/{name}")
async def file(version: str, name: str) -> Response:
    """Send the style sheet or the script, which a browser may keep for good: their content is in their address."""
    if _VERSIONS.get(name) != version:
        return Response(status_code=404, headers=HEADERS)
    forever = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], headers=forever, media_type=_TYPES[name])


@router.api_route("/{rest:path}", methods=["GET", "POST"])
async def nowhere(rest: str) -> Response:
    """Say by a page that there is none at this address."""
    raise HTTPException(404, rest)


async def _told(request: Request, error: Exception) -> Response:
    """Tell by the page why it could not be done; what was pasted still stands in it."""
    told = await problems.answer_to(request, error)
    sent = await _sent(request)
    wanted = sent.get("language", "")
    language = of_page(wanted, None) if wanted in LANGUAGES else await _language(request)
    wrong = _WRONG.get(Problem.model_validate_json(bytes(told.body)).code, "unreadable")
    wait = told.headers.get("retry-after", "")
    answer = _page(
        language, typed=sent.get("presentation", ""), checked=sent.get("checked", ""), wrong=wrong, wait=wait
    )
    answer.status_code = told.status_code
    if wait:
        answer.headers["Retry-After"] = wait
    return _remembered(answer, wanted) if wanted in LANGUAGES else answer


async def _sent(request: Request) -> Mapping[str, str]:
    """Return what was typed; nothing where no form can be read."""
    if request.method != "POST":
        return {}
    try:
        form = await request.form()
    except HTTPException:
        return {}
    return {name: value[: LARGEST + 1] for name, value in form.items() if isinstance(value, str)}


def _page(
    language: Language,
    verdict: VerificationView | None = None,
    *,
    typed: str = "",
    checked: str = "",
    wrong: str = "",
    wait: str = "",
) -> Response:
    def t(key: str, **params: object) -> str:
        return TEXTS.say(language, f"verification.page.{key}", **params)

    template = _environment().get_template("verify.html")
    text = template.render(
        t=t,
        language=language,
        verdict=verdict,
        typed=typed,
        checked=checked,
        wrong=wrong,
        wait=wait,
        asset=_address,
        **_tellers(language),
    )
    return HTMLResponse(text, headers={**HEADERS, "Content-Language": language})


def _tellers(language: Language) -> dict[str, object]:
    """Return how the page tells a field's name, where it has one in the reader's language, its value, and moments."""

    def named(field: str) -> str:
        key = f"verification.fields.{field}"
        return TEXTS.say(language, key) if TEXTS.has(key) else field

    def shown(value: object) -> str:
        if isinstance(value, bool):
            return TEXTS.say(language, f"verification.page.{'yes' if value else 'no'}")
        if isinstance(value, list):
            return TEXTS.say(language, "verification.page.between").join(map(str, value))
        text = str(value)
        return written_day(language, date.fromisoformat(text)) if is_date(text) else text

    def day(moment: datetime) -> str:
        return written_day(language, today(moment))

    return {"named": named, "shown": shown, "day": day, "time": partial(written_moment, language)}


def _address(name: str) -> str:
    return f"/verify/static/{_VERSIONS[name]}/{name}"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
