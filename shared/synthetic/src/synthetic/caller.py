"""One person's way through the gateway: a token, a language, and patience with a system that is coming back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from synthetic.transport import KeptOpen, trusting

AnswerT = TypeVar("AnswerT", bound=BaseModel)
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Query = Mapping[str, str | int | bool | list[str]]

_COMING_BACK = frozenset({429, 502, 503, 504})
_CONFLICT = 409
_NOT_MODIFIED = 304
_PAUSE = 0.25
_LONGEST = 60.0

PATIENCE = 150.0
"""Seconds: a process that was killed may leave a transaction open, and the store keeps its locks for a minute."""


class CallerAnswer(BaseModel):
    """What a caller reads of an answer; the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class NoAnswer(CallerAnswer):
    """An answer of which nothing is read."""


class CallerFault(CallerAnswer):
    """One of several things that are wrong: where, its code, and how to put it right."""

    pointer: str = ""
    code: str = ""
    detail: str = ""


class CallerProblem(CallerAnswer):
    """A refusal as RFC 9457 tells it."""

    status: int
    code: str
    title: str = ""
    detail: str = ""
    action: str = ""
    errors: tuple[CallerFault, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({self.code, *(fault.code for fault in self.errors)})


class ProblemError(Exception):
    """The system refused; `problem` says why, in the caller's language."""

    def __init__(self, problem: CallerProblem, request: str) -> None:
        faults = "".join(f" [{fault.pointer}: {fault.detail}]" for fault in problem.errors)
        super().__init__(f"{request}: {problem.status} {problem.code}: {problem.title} {problem.detail}{faults}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls the gateway for one person.

    A gateway or service that is away for less than `patience` seconds is waited for; whatever creates something is
    repeated under the same idempotency key.
    """

    client: httpx.AsyncClient
    token: str
    language: str = "zh-CN"
    patience: float = PATIENCE

    def speaking(self, language: str) -> Caller:
        """Return the same caller with another language."""
        return replace(self, language=language)

    async def get(self, path: str, answer: type[AnswerT], query: Query | None = None) -> AnswerT:
        """Read. Raises ProblemError when refused."""
        return _parsed(await self.send("GET", path, query=query), answer)

    async def get_if_changed(self, path: str, answer: type[AnswerT], tag: str) -> tuple[AnswerT | None, str]:
        """Read what differs from what was read under a tag, with its own tag; None for what does not.

        Raises ProblemError when refused.
        """
        headers = self._headers("")
        if tag:
            headers["If-None-Match"] = tag
        response = await self._patiently(self.client.build_request("GET", path, headers=headers))
        seen = None if response.status_code == _NOT_MODIFIED else _parsed(response, answer)
        return seen, response.headers.get("ETag", "")

    async def post(self, path: str, answer: type[AnswerT], body: Json = None, *, key: str = "") -> AnswerT:
        """Do something, once, however often it has to be sent. Raises ProblemError when refused."""
        return _parsed(await self.send("POST", path, body=body, key=key), answer)

    async def put(self, path: str, answer: type[AnswerT], body: Json) -> AnswerT:
        """Replace something. Raises ProblemError when refused."""
        return _parsed(await self.send("PUT", path, body=body), answer)

    async def upload(
        self, path: str, answer: type[AnswerT], *, file: tuple[str, bytes, str], fields: Mapping[str, str]
    ) -> AnswerT:
        """Send a file (name, content, media type) with form fields. Raises ProblemError when refused."""
        request = self.client.build_request(
            "POST", path, data=dict(fields), files={"file": file}, headers=self._headers(uuid4().hex)
        )
        return _parsed(await self._patiently(request), answer)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        query: Query | None = None,
        key: str = "",
        if_match: int | None = None,
    ) -> httpx.Response:
        """Send a request and return the answer. Raises ProblemError when refused."""
        headers = self._headers(key or uuid4().hex if method == "POST" else "")
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        request = self.client.build_request(method, path, content=content, params=query, headers=headers)
        return await self._patiently(request)

    def _headers(self, key: str) -> dict[str, str]:
        headers = {"Accept-Language": self.language}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        return headers

    async def _patiently(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                response = await self.client.send(request)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if not _worth_repeating(response) or time.monotonic() > deadline:
                    return _accepted(response)
            await asyncio.sleep(_PAUSE)


def connect(
    gateway: str, authority: Path | None, *, connections: int = 32, auth: httpx.Auth | None = None
) -> httpx.AsyncClient:
    """Open the connections that many callers share; `authority` vouches for the gateway beside those of the system.

    `auth` proves the keys of the callers' tokens, at every try: a proof is good once.
    """
    url = httpx.URL(gateway)
    trusted = trusting(authority) if url.scheme == "https" else None
    port = url.port or (443 if trusted else 80)
    transport = KeptOpen(url.host, port, connections=connections, seconds=_LONGEST, trusted=trusted)
    return httpx.AsyncClient(base_url=url, transport=transport, auth=auth, trust_env=False)


def _worth_repeating(response: httpx.Response) -> bool:
    """Tell whether the same request may well succeed in a moment: something is away, or was just being changed."""
    return response.status_code in _COMING_BACK or (
        response.status_code == _CONFLICT and b'"changed-meanwhile"' in response.content
    )


def _accepted(response: httpx.Response) -> httpx.Response:
    if response.is_success or response.status_code == _NOT_MODIFIED:
        return response
    request = f"{response.request.method} {response.request.url.path}"
    try:
        problem = CallerProblem.model_validate_json(response.content)
    except ValidationError:
        problem = CallerProblem(status=response.status_code, code="not-a-problem", detail=response.text[:300])
    raise ProblemError(problem, request)


def _parsed(response: httpx.Response, answer: type[AnswerT]) -> AnswerT:
    return answer.model_validate_json(response.content or b"{}")
