"""Calls to the gateway for one person and one page: over kept connections, side by side, with limits of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar, cast
from urllib.parse import urlencode

import httpx2
import orjson
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.frame.gateway_transport import READING, WRITING, CallLimits, GatewayClient, WholeAnswer
from portal.frame.kept import Kept
from runtime.texts import Language

AnswerT = TypeVar("AnswerT", bound=BaseModel)

Prove = Callable[[str, str, bytes | None], str]
"""Method, address and, unless it is a file, content to the proof of the key that the token is bound to."""
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Query = Mapping[str, str | int | bool | None]

_UPLOADING = replace(WRITING, next=60.0)
LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=20.0)

PUBLIC_FOR = 20.0
"""Seconds for which a public answer is kept: a page may be that much behind."""
_MOST_PUBLIC = 1000
FOUND_FOR = 60.0
"""Seconds for which a search of the catalogue is answered as it was before."""
_MOST_FOUND = 200

PublicAnswers = Kept[tuple[object, ...], BaseModel]

_AWAY = frozenset({502, 503, 504})
_SLOW = 504
_UNAUTHENTICATED = 401
_REFUSED = 400

log = structlog.get_logger()


class GatewayAnswer(BaseModel):
    """What a page reads of an answer; the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Nothing(GatewayAnswer):
    """An answer of which nothing is read."""


class InputFault(GatewayAnswer):
    """One of the things that are wrong with a request: where (a JSON pointer), and what to do."""

    pointer: str = "#"
    code: str = ""
    detail: str = ""
    action: str = ""


class GatewayProblem(GatewayAnswer):
    """A refusal in the person's language (RFC 9457)."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    action: str = ""
    errors: tuple[InputFault, ...] = ()


class CallRefused(Exception):
    """A service refused the call; `problem` says why."""

    def __init__(self, problem: GatewayProblem) -> None:
        super().__init__(f"{problem.status} {problem.code}")
        self.problem = problem


class Away(Exception):
    """The service that the call is for, or the gateway, doesn't answer now."""


class Slow(Away):
    """The service, or the gateway, takes too long to answer: it may or may not have done what was asked."""


class SignInEnded(Exception):
    """The gateway doesn't take the person's token any more."""


async def _certain() -> None:
    """Have nothing to wait for."""


def public_answers() -> PublicAnswers:
    """Make the memory for public answers, one for all visits."""
    return Kept(PUBLIC_FOR, _MOST_PUBLIC)


def found_answers() -> PublicAnswers:
    """Make the memory for what was found by words, not by whom; apart, as new words would push other answers out."""
    return Kept(FOUND_FOR, _MOST_FOUND)


@dataclass(frozen=True, slots=True)
class Calls:
    """One person's calls, or a stranger's (no token).

    Each method raises Refused, Away, and SignInEnded. `once` is the form's own number: the same call under it is done
    once. `version` is the one that the person looked at; when it has changed meanwhile the call is refused (412, 409).
    """

    client: GatewayClient
    public: PublicAnswers
    language: Language
    token: str = ""
    request_id: str = ""
    presence: str = ""
    """The visit during which a clerk or terminal asks for the person who stands there."""
    prove: Prove | None = None
    """Proves the key that the token is bound to: it is worth nothing without."""
    word: Callable[[GatewayProblem], GatewayProblem] = lambda problem: problem
    """Puts a refusal in words for people."""
    certain: Callable[[], Awaitable[None]] = _certain
    """Waits until it is certain who asks: what only reads is sent before. Raises what the page is then made by."""

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
        form = httpx2.Request("POST", self._url(path), data=dict(fields), files={"file": file})
        headers = self._headers(once=once, version=version) | {"Content-Type": form.headers["content-type"]}
        return _parsed(await self._sent("POST", path, headers, form.read(), patience=_UPLOADING), answer)

    async def upload_piece(self, path: str, answer: type[AnswerT], offset: int, content: bytes) -> AnswerT:
        """Hand in the next bytes of a file that comes piece by piece (`application/partial-upload`)."""
        headers = self._headers() | {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
        return _parsed(await self._sent("PATCH", path, headers, content, patience=_UPLOADING), answer)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json = None,
        once: str = "",
        version: str = "",
    ) -> WholeAnswer:
        """Send a request and return the answer as it is."""
        headers = self._headers(once=once, version=version)
        content = b""
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        if asked := {name: _written(value) for name, value in (query or {}).items() if value is not None}:
            path = f"{path}?{urlencode(asked)}"
        return await self._sent(method, path, headers, content, signed=content)

    @asynccontextmanager
    async def stream(self, path: str, *, since: str = "") -> AsyncIterator[httpx2.Response]:
        """Read an answer that comes piece by piece, such as server-sent events; no limit of time between pieces.

        `since` is the id of the last event that was read.
        """
        headers = self._headers() | ({"Last-Event-ID": since} if since else {})
        timeout = httpx2.Timeout(None, connect=READING.new, pool=READING.free)
        await self.certain()
        headers |= self._proof("GET", path, None)
        client = self.client.streams
        request = client.build_request("GET", self._url(path), headers=headers, timeout=timeout)
        try:
            response = await client.send(request, stream=True)
        except httpx2.TransportError as error:
            raise Away(str(error)) from error
        try:
            if response.status_code >= _REFUSED:
                refused = await response.aread()
                self._accepted(WholeAnswer(path, response.status_code, response.headers, refused))
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

    def _url(self, path: str) -> str:
        return f"{self.client.address}{path}"

    def _proof(self, method: str, path: str, content: bytes | None) -> dict[str, str]:
        return {} if self.prove is None else {"DPoP": self.prove(method, self._url(path), content)}

    async def _sent(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes,
        *,
        signed: bytes | None = None,
        patience: CallLimits | None = None,
    ) -> WholeAnswer:
        """Send a request; `signed` is what of its content the proof of the key signs."""
        if method != "GET":
            await self.certain()
        headers |= self._proof(method, path, signed)
        limits = patience or (self.client.reading if method == "GET" else self.client.writing)
        try:
            answer = await self.client.fetch(method, self._url(path), headers, content, limits)
        except httpx2.TransportError as error:
            named = path.partition("?")[0]
            log.warning("call_failed", method=method, path=named, error=repr(error))
            raise (Slow if isinstance(error, httpx2.TimeoutException) else Away)(named) from error
        return self._accepted(answer)

    def _accepted(self, answer: WholeAnswer) -> WholeAnswer:
        if answer.status_code < _REFUSED:
            return answer
        if answer.status_code in _AWAY:
            raise (Slow if answer.status_code == _SLOW else Away)(answer.path)
        if answer.status_code == _UNAUTHENTICATED:
            raise SignInEnded
        try:
            problem = GatewayProblem.model_validate_json(answer.content)
        except ValidationError:
            problem = GatewayProblem(status=answer.status_code, code="refused")
        raise CallRefused(self.word(problem))


def _written(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parsed(response: WholeAnswer, answer: type[AnswerT]) -> AnswerT:
    """Read an answer. Raises Away for one that is not what was agreed: to the page it is as good as none."""
    try:
        return answer.model_validate_json(response.content or b"{}")
    except ValidationError as error:
        log.exception("answer_unreadable", path=response.path)
        raise Away(response.path) from error
