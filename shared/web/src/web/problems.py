"""Errors as RFC 9457 problem details, in the caller's language: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus.concurrency import is_outage
from bus.event import BlockedError, ConflictError
from bus.outage_log import OutageLog
from runtime.errors import Param, Refusal, Refusals
from runtime.texts import CHOSEN, Language, Texts, of_page
from standards.field_kinds import is_date
from store.field_encryption import TamperedError
from web.auth import NotAuthenticatedError
from web.rates import Busy, TooMany

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 100
"""Faults of form told in one answer: a form has half as many fields, and an answer is no larger than its request."""


class Problem(BaseModel):
    """Problem details (RFC 9457) with what to do, in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    action: str
    instance: str
    code: str
    errors: list[dict[str, str]] | None = None
    """For each wrong field its `pointer`, `code`, `detail` and mostly `action`."""


_CODES = {400: "body-unreadable", 404: "no-such-address", 405: "method-not-allowed", 413: "too-large"}
"""What the framework itself refuses; 400 is its answer to a body that it can't parse."""

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused: what is wrong, where, and what to do",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}
"""What OpenAPI says of every route's refusals."""

Handler = Callable[[Request, Exception], Awaitable[Response]]

log = structlog.get_logger()


def install(app: FastAPI, texts: Texts) -> None:
    """Answer every error of the application with problem details."""
    render = _ProblemRenderer(texts)
    for kind, handler in render.handlers.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(_Unexpected, render=render)
    app.state.problems = render


async def answer_to(request: Request, error: Exception) -> Response:
    """Return what the interface would answer to an error, for those who tell it by a page. Logs what is unexpected."""
    render: _ProblemRenderer = request.app.state.problems
    handler = next(
        (render.handlers[kind] for kind in type(error).__mro__ if kind in render.handlers), render.unexpected
    )
    return await handler(request, error)


class _Unexpected:
    """ASGI middleware: answers an error that no handler is there for, as any other is answered.

    The framework's own way answers, too, but raises the error again: the server then logs the whole stack for each
    request of an outage and closes the connection without a word, and a gateway takes that for a dead server.
    """

    def __init__(self, app: ASGIApp, render: _ProblemRenderer) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that has begun can only be broken off."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or has_begun:
                raise
            answer = await self._render.unexpected(Request(scope), error)
            await answer(scope, receive, send)


class _ProblemRenderer:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._outages = OutageLog("dependency_down")
        self.handlers: Mapping[type[Exception], Handler] = {
            Refusal: self.refusal,
            RequestValidationError: self.invalid,
            NotAuthenticatedError: self.not_authenticated,
            ConflictError: self.conflict,
            HTTPException: self.http,
        }

    async def refusal(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)  # noqa: S101 - registered for it
        language = _language(request)
        if isinstance(error, Refusals):
            faults = [self._fault(language, each) for each in error.refusals]
            return self._answer(request, error.status, "several", errors=faults)
        errors = [self._fault(language, error)] if error.field else None
        answer = self._answer(request, error.status, error.code, params=error.params, errors=errors)
        if isinstance(error, TooMany | Busy):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    async def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        language = _language(request)
        faults = [
            {"pointer": _pointer(fault["loc"]), "code": fault["type"], "detail": self._rule(language, fault)}
            for fault in error.errors()[:MOST_FAULTS]
        ]
        return self._answer(request, 422, "invalid-input", errors=faults)

    async def not_authenticated(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, NotAuthenticatedError)  # noqa: S101 - what it is registered for
        answer = self._answer(request, 401, error.code)
        proof = error.code.startswith("proof-") or error.code in {"unbound-token", "content-not-signed"}
        answer.headers["WWW-Authenticate"] = 'DPoP error="invalid_dpop_proof"' if proof else "Bearer"
        return answer

    async def conflict(self, request: Request, _error: Exception) -> Response:
        return self._answer(request, 409, "changed-meanwhile")

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        if isinstance(error.__cause__, Refusal):  # raised while the framework was reading the body
            return await self.refusal(request, error.__cause__)
        code = _CODES.get(error.status_code, "refused")
        answer = self._answer(request, error.status_code, code)
        answer.headers.update(error.headers or {})
        return answer

    async def unexpected(self, request: Request, error: Exception) -> Response:
        if is_outage(error) or isinstance(error, BlockedError):
            self._outages.tell(error)
            answer = self._answer(request, 503, "temporarily-unavailable")
            answer.headers["Retry-After"] = "5"
            return answer
        log.error("request_failed", exc_info=error)
        return self._answer(request, 500, "stored-value-tampered" if isinstance(error, TamperedError) else "unexpected")

    def _answer(
        self,
        request: Request,
        status: int,
        code: str,
        *,
        params: dict[str, Param] | None = None,
        errors: Sequence[dict[str, Any]] | None = None,
    ) -> JSONResponse:
        language = _language(request)
        key = f"problems.{code}" if self._texts.has(f"problems.{code}.title") else "problems.refused"
        problem: dict[str, Any] = {
            "type": f"urn:yizheng:problem:{code}",
            "title": self._texts.say(language, f"{key}.title", **params or {}),
            "status": status,
            "detail": self._texts.say(language, f"{key}.detail", **params or {}),
            "action": self._texts.say(language, f"{key}.action", **params or {}),
            "instance": request.url.path,
            "code": code,
        }
        if errors:
            problem["errors"] = list(errors)
        return JSONResponse(problem, status, media_type=MEDIA_TYPE, headers={"Content-Language": language})

    def _fault(self, language: Language, refusal: Refusal) -> dict[str, Any]:
        key = f"problems.{refusal.code}"
        return {
            "pointer": f"#/{refusal.field.removeprefix('/')}" if refusal.field else "#",
            "code": refusal.code,
            "detail": self._texts.say(language, f"{key}.detail", **refusal.params),
            "action": self._texts.say(language, f"{key}.action", **refusal.params),
        }

    def _rule(self, language: Language, fault: dict[str, Any]) -> str:
        """Say which rule of a field was broken; the numbers and choices of the rule are filled in."""
        key = f"rules.{fault['type']}"
        if not self._texts.has(key):
            return self._texts.say(language, "rules.other")
        given, context = fault.get("input"), fault.get("ctx", {})
        length = len(given) if isinstance(given, str | list | dict) else ""
        choices = str(context.get("expected", "")).replace(" or ", self._texts.say(language, "rules.or"))
        if fault["type"] == "string_too_short" and not length:
            key = "rules.empty"
        days = {name: date.fromisoformat(str(bound)) for name, bound in context.items() if is_date(str(bound))}
        if days:
            key += "-day"
        return self._texts.say(language, key, **{"length": length, **context, **days, "expected": choices})


def _pointer(location: Sequence[str | int]) -> str:
    where, *path = location
    return "#/" + "/".join(map(str, path if where == "body" else location))


def _language(request: Request) -> Language:
    return of_page(request.cookies.get(CHOSEN), request.headers.get("accept-language"))
