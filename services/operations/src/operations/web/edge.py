"""What is the same for every page: the chosen language, problems as pages, headers that keep a page to itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from operations.web import session
from operations.web.templates import show, speaker
from runtime.errors import NotAllowed, Refusal
from runtime.texts import CHOSEN, LANGUAGES
from web.auth import NotAuthenticatedError
from web.problems import Problem, answer_to

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Sent with everything that does not say otherwise itself."""

LANGUAGE_COOKIE = "yizheng-language"
"""Where the pages are reached without TLS; else the choice is kept for all pages of the system (`CHOSEN`)."""

_TYPED = ("content", "reason", "note", "types")
"""Fields in which operators write."""

_NO_PAGE = ("no-such-address", "method-not-allowed")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OperatorPageRoute(APIRoute):
    """A route whose answers, refusals and faults are pages."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            _prefer_chosen_language(request)
            try:
                answer = await inner(request)
            except NotAuthenticatedError as error:
                answer = await _kept(request, error) or session.ask_to_sign_in(request, error.code)
            except Exception as error:  # noqa: BLE001 - a person is told of every fault by a page; it is logged as ever
                answer = await _problem_page(request, error)
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer

        return handler


async def explain(request: Request, error: Exception) -> Problem:
    """Tell what is wrong in the same words as the HTTP API, but for an address at which there is no page."""
    answer = await answer_to(request, error)
    problem = Problem.model_validate_json(bytes(answer.body))
    if problem.code in _NO_PAGE:
        t = speaker(request)
        return problem.model_copy(update={part: t(f"nowhere.{part}") for part in ("title", "detail", "action")})
    return problem


async def _problem_page(request: Request, error: Exception) -> Response:
    await session.recognise(request)
    if isinstance(error, NotAllowed) and error.code == "form-expired" and (kept := await _kept(request, error)):
        return kept
    problem = await explain(request, error)
    expected = isinstance(error, Refusal | RequestValidationError | HTTPException)
    return show(request, "problem.html", status=problem.status, problem=problem, expected=expected)


async def _kept(request: Request, error: Exception) -> Response | None:
    """Show again what was typed in a form of ours that belongs to no sign-in any more; None where nothing was.

    It can be sent again from there, once somebody has signed in, in another tab.
    """
    if request.method != "POST" or not session.is_of_ours(request):
        return None
    sent = [(name, text) for name, text in (await request.form()).multi_items() if isinstance(text, str)]
    typed = {name: text for name, text in sent if name in _TYPED and text.strip()}
    if not typed:
        return None
    carried = [(name, text) for name, text in sent if name not in typed and name != "form-token"]
    problem = await explain(request, error)
    return show(request, "kept.html", status=problem.status, problem=problem, typed=typed, carried=carried)


def _prefer_chosen_language(request: Request) -> None:
    """Let the language that was switched to, here or on other pages, count as the one that the browser asks for."""
    cookies = Request(request.scope).cookies  # a request of its own: this one has read no header yet
    chosen = cookies.get(CHOSEN) or cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        others = [(name, value) for name, value in request.scope["headers"] if name != b"accept-language"]
        request.scope["headers"] = [*others, (b"accept-language", chosen.encode())]
