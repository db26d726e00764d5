"""Calls to the gateway for one person and one page: over kept connections, side by side, with limits of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx2
import orjson
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.frame.kept import Kept
from runtime.texts import Language

AnswerT = TypeVar("AnswerT", bound=BaseModel)

Prove = Callable[[str, str], str]
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Query = Mapping[str, str | int | bool | None]

TIMEOUT = httpx2.Timeout(10.0, connect=2.0, pool=5.0)
"""Seconds; the gateway itself asks another process of a service before these are over."""
UPLOAD_TIMEOUT = httpx2.Timeout(60.0, connect=2.0, pool=5.0)
LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=20.0)

PUBLIC_FOR = 20.0
"""Seconds for which a public answer is kept: a page may be that much behind."""
_MOST_PUBLIC = 1000

PublicAnswers = Kept[tuple[object, ...], BaseModel]

_AWAY = frozenset({502, 503, 504})
_UNAUTHENTICATED = 401
_REFUSED = 400

log = structlog.get_logger()


class Answer(BaseModel):
    """What a page reads of an answer; the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nothing(Answer):
    """An answer of which nothing is read."""


class Fault(Answer):
    """One of the things that are wrong with a request: where (a JSON pointer), and what to do."""

    pointer: str = "#"
    code: str = ""
    detail: str = ""
    action: str = ""


class Problem(Answer):
    """A refusal in the person's language (RFC 9457)."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    action: str = ""
    errors: tuple[Fault, ...] = ()


class Refused(Exception):
    """A service refused the call; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}")
        self.problem = problem


class Away(Exception):
    """The service that the call is for, or the gateway, doesn't answer now."""


class SignInEnded(Exception):
    """The gateway doesn't take the person's token any more."""


def public_answers() -> PublicAnswers:
    """Make the memory for public answers, one for all visits."""
    return Kept(PUBLIC_FOR, _MOST_PUBLIC)


@dataclass(frozen=True, slots=True)
class Calls:
    """One person's calls, or a stranger's (no token).

    Each method raises Refused, Away, and SignInEnded. `once` is the form's own number: the same call under it is done
    once. `version` is the one that the person looked at; when it has changed meanwhile the call is refused (412, 409).
    """

    client: httpx2.AsyncClient
    public: PublicAnswers
    language: Language
    token: str = ""
    request_id: str = ""
    presence: str = ""
    """The visit during which a clerk or terminal asks for the person who stands there."""
    prove: Prove | None = None
    """Proves a terminal's key for a method and an address; its token is worth nothing without."""
    word: Callable[[Problem], Problem] = lambda problem: problem
    """Puts a refusal in words for people."""

    async def get(self, path: str, answer: type[AnswerT], **query: str | int | bool | None) -> AnswerT:
        """Read. What is None is left out of the query."""
        return _parsed(await self.send("GET", path, query=query), answer)

    async def get_public(self, path: str, answer: type[AnswerT], **query: str | int | bool | None) -> AnswerT:
        """Read what is the same for everybody, or take what was read of it for anybody in the last seconds."""
        key = (self.language, path, answer, *sorted((name, it) for name, it in query.items() if it is not None))
        found = self.public.find(key)
        if found is None:
            found = await self.get(path, answer, **query)
            self.public.put(key, found)
        return cast("AnswerT", found)

    async def versioned(self, path: str, answer: type[AnswerT]) -> tuple[AnswerT, str]:
        """Read, with the ETag that a change of it must name."""
        found = await self.send("GET", path)
        return _parsed(found, answer), found.headers.get("etag", "")

    async def post(
        self, path: str, answer: type[AnswerT], body: Json = None, *, once: str = "", version: str = ""
    ) -> AnswerT:
        """Do something."""
        return _parsed(await self.send("POST", path, body=body, once=once, version=version), answer)

    async def patch(
        self, path: str, answer: type[AnswerT], body: Json, *, once: str = "", version: str = ""
    ) -> AnswerT:
        """Change something."""
        return _parsed(await self.send("PATCH", path, body=body, once=once, version=version), answer)

    async def upload(
        self,
        path: str,
        answer: type[AnswerT],
        file: tuple[str, bytes, str],
        fields: Mapping[str, str],
        *,
        once: str,
        version: str = "",
    ) -> AnswerT:
        """Hand in a file (name, content, media type) with fields of a form."""
        request = self.client.build_request(
            "POST",
            path,
            data=dict(fields),
            files={"file": file},
            headers=self._headers(once=once, version=version),
            timeout=UPLOAD_TIMEOUT,
        )
        return _parsed(await self._sent(request), answer)

    async def upload_piece(self, path: str, answer: type[AnswerT], offset: int, content: bytes) -> AnswerT:
        """Hand in the next bytes of a file that comes piece by piece (`application/partial-upload`)."""
        headers = self._headers() | {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
        request = self.client.build_request("PATCH", path, content=content, headers=headers, timeout=UPLOAD_TIMEOUT)
        return _parsed(await self._sent(request), answer)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json = None,
        once: str = "",
        version: str = "",
    ) -> httpx2.Response:
        """Send a request and return the answer as it is."""
        headers = self._headers(once=once, version=version)
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        return await self._sent(self.client.build_request(method, path, params=asked, content=content, headers=headers))

    @asynccontextmanager
    async def stream(self, path: str, *, since: str = "") -> AsyncIterator[httpx2.Response]:
        """Read an answer that comes piece by piece, such as server-sent events; no limit of time between pieces.

        `since` is the id of the last event that was read.
        """
        headers = self._headers() | ({"Last-Event-ID": since} if since else {})
        timeout = httpx2.Timeout(None, connect=2.0, pool=5.0)
        request = self.client.build_request("GET", path, headers=headers, timeout=timeout)
        self._proven(request)
        try:
            response = await self.client.send(request, stream=True)
        except httpx2.TransportError as error:
            raise Away(str(error)) from error
        try:
            if response.status_code >= _REFUSED:
                await response.aread()
                self._accepted(response)
            yield response
        finally:
            await response.aclose()

    def _headers(self, *, once: str = "", version: str = "") -> dict[str, str]:
        headers: dict[str, str] = {"Accept-Language": self.language}
        if self.token:
            headers["Authorization"] = f"{'DPoP' if self.prove else 'Bearer'} {self.token}"
        if self.request_id:
            headers["X-Request-Id"] = self.request_id
        if self.presence:
            headers["Presence"] = self.presence
        if once:
            headers["Idempotency-Key"] = once
        if version:
            headers["If-Match"] = version
        return headers

    def _proven(self, request: httpx2.Request) -> None:
        if self.prove is not None:
            request.headers["DPoP"] = self.prove(request.method, str(request.url))

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        self._proven(request)
        try:
            response = await self.client.send(request)
        except httpx2.TransportError as error:
            log.warning("call_failed", method=request.method, path=request.url.path, error=repr(error))
            raise Away(request.url.path) from error
        return self._accepted(response)

    def _accepted(self, response: httpx2.Response) -> httpx2.Response:
        if response.status_code < _REFUSED:
            return response
        if response.status_code in _AWAY:
            raise Away(response.request.url.path)
        if response.status_code == _UNAUTHENTICATED:
            raise SignInEnded
        try:
            problem = Problem.model_validate_json(response.content)
        except ValidationError:
            problem = Problem(status=response.status_code, code="refused")
        raise Refused(self.word(problem))


def _parsed(response: httpx2.Response, answer: type[AnswerT]) -> AnswerT:
    """Read an answer. Raises Away for one that is not what was agreed: to the page it is as good as none."""
    try:
        return answer.model_validate_json(response.content or b"{}")
    except ValidationError as error:
        log.exception("answer_unreadable", path=response.request.url.path)
        raise Away(response.request.url.path) from error
