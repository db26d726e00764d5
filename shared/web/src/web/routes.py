"""What a route needs besides its handler: the service's dependencies, the caller's language, and the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from bus.event import ConflictError, Outcome
from runtime import texts
from runtime.errors import Conflict, Refusal
from web.idempotency import Repeated, StoredAnswer, entry_of
from web.server_sent_events import Streams
from web.service_runtime import ServiceRuntime

ResultT = TypeVar("ResultT")

_CONFLICTS = 10
_DIGITS = 20
COMMIT_WITHIN = 8.0
"""Seconds for a commit, waiting included: less than the gateway waits, which would take us for dead."""


async def deps(request: Request) -> Any:  # noqa: ANN401 - each service annotates its own
    """Return the service's dependencies, as its composition root built them.

    Like every dependency here it is async, as FastAPI sends the others through a pool of threads.
    """
    return request.app.state.deps


async def _language(accept_language: Annotated[str | None, Header()] = None) -> texts.Language:
    return texts.choose(accept_language)


async def _streams(request: Request) -> Streams:
    streams: Streams = request.app.state.streams
    return streams


Live = Annotated[Streams, Depends(_streams)]
"""Where a route opens a stream of server-sent events."""


Language = Annotated[texts.Language, Depends(_language)]
"""The caller's language, Chinese unless English is asked for."""


async def _if_match(if_match: Annotated[str | None, Header(examples=['"3"'])] = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    try:
        return int(if_match.strip().removeprefix("W/").strip('"').partition("-")[0])
    except ValueError as error:
        raise Refusal("bad-etag", field="If-Match") from error


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller looked at, from `If-Match`; None when it was not said."""


def etag(version: int) -> str:
    return f'"{version}"'


class Committing:
    """Runs a handler and commits what it decided, once for an idempotency key, again when somebody was faster."""

    def __init__(self, request: Request, idempotency_key: str | None) -> None:
        self._request = request
        self._key = idempotency_key
        self._runtime: ServiceRuntime = request.app.state.runtime

    async def __call__(
        self,
        work: Callable[[], Awaitable[Outcome[ResultT]]],
        view: Callable[[ResultT], BaseModel | None],
        status: int | Callable[[ResultT], int] = 200,
        *,
        fingerprint: str | None = None,
        only_looks: bool = False,
    ) -> Response:
        """Commit the outcome of `work` and answer with the view of its result.

        With an `Idempotency-Key` the answer is stored in the same transaction and given again for the same key and
        body; another body under the same key is refused (409). `fingerprint` stands for the body of an upload.
        `status` may depend on the result (201 for what is new). With `only_looks` the result stays at its version: all
        that is committed is that somebody looked at it, every time: what was seen is kept under no key. A caller who
        has seen just that (`If-None-Match`) is shown nothing (304), and nothing is committed. Raises TypeError for a
        look that does not say whose data it shows.
        """

        def answer_with(outcome: Outcome[ResultT]) -> StoredAnswer:
            return _answer(outcome, view, status, only_looks=only_looks)

        if only_looks:
            return await self._commit(work, answer_with, None, only_looks=True)
        repeated = await self._repeated(fingerprint)
        async with self._runtime.lanes.of(f"key {repeated.scope}") if repeated else nullcontext():
            # A file is written before the commit: what was handed in already is not to be written once more.
            is_upload = fingerprint is not None
            earlier = await self._runtime.idempotency.find(repeated) if repeated and is_upload else None
            return earlier.response(repeated=True) if earlier else await self._commit(work, answer_with, repeated)

    async def _commit(
        self,
        work: Callable[[], Awaitable[Outcome[ResultT]]],
        answer_with: Callable[[Outcome[ResultT]], StoredAnswer],
        repeated: Repeated | None,
        *,
        only_looks: bool = False,
    ) -> Response:
        earlier: StoredAnswer | None = None  # looked for when the commit, or the handler, finds that it is there
        case: str | None = None
        for _ in range(_CONFLICTS):
            if earlier is not None:
                return earlier.response(repeated=True)
            async with self._runtime.lanes.of(case) if case else nullcontext():
                try:
                    outcome = await work()
                except Refusal:  # it may be done already: by another process, for the same key, since we looked
                    if repeated and (earlier := await self._runtime.idempotency.find(repeated)):
                        return earlier.response(repeated=True)
                    raise
                if only_looks and outcome.accesses is None:
                    raise TypeError("a look must say whose data it shows: Outcome.accesses, empty if nobody's")
                answer = answer_with(outcome)
                if only_looks and answer.body and not outcome.changes and self._request.method == "GET":
                    answer = self._tagged(answer)
                    if self._is_seen(answer):
                        return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers={"ETag": answer.etag or ""})
                extra = [entry_of(repeated, answer)] if repeated else []
                try:
                    await self._in_time(self._runtime.commit(outcome, extra=extra))
                    return answer.response()
                except ConflictError:
                    case = outcome.case  # the next try queues up with the case's messages
            earlier = await self._runtime.idempotency.find(repeated) if repeated else None
        if earlier is not None:
            return earlier.response(repeated=True)
        raise Conflict("changed-meanwhile")

    def _tagged(self, answer: StoredAnswer) -> StoredAnswer:
        """Name what is shown: by its version, and a keyed digest, by which nobody can try what they guess."""
        digest = self._runtime.vault.digest(self._caller.encode() + b"\n" + answer.body)[:_DIGITS]
        tag = f'"{digest}"' if answer.etag is None else f'{answer.etag[:-1]}-{digest}"'
        return replace(answer, etag=tag)

    @property
    def _caller(self) -> str:
        principal = getattr(self._request.state, "principal", None)
        return principal.subject if principal else "anybody"

    def _is_seen(self, answer: StoredAnswer) -> bool:
        known = self._request.headers.get("If-None-Match", "")
        return answer.etag in [each.strip().removeprefix("W/") for each in known.split(",")]

    @staticmethod
    async def _in_time(commit: Awaitable[None]) -> None:
        """Wait for a commit, but not for longer than the caller does. Raises ConnectionError: it may come yet."""
        try:
            async with asyncio.timeout(COMMIT_WITHIN):
                await commit
        except TimeoutError as error:
            raise ConnectionError("the store has not committed in time") from error

    async def _repeated(self, fingerprint: str | None) -> Repeated | None:
        if self._key is None:
            return None
        body = fingerprint.encode() if fingerprint is not None else await self._request.body()
        caller = self._caller
        scope = f"{caller}\n{self._request.method}\n{self._request.url.path}\n{self._key}"
        named = [part for part in self._request.url.path.split("/") if "_" in part]  # ids have a prefix: app_, task_
        return self._runtime.idempotency.repeated(scope, body, [caller, *named])


async def _committing(
    request: Request,
    idempotency_key: Annotated[str | None, Header(max_length=200, examples=["8e03978e-40d5-43dd-bc93"])] = None,
) -> Committing:
    return Committing(request, idempotency_key)


Commit = Annotated[Committing, Depends(_committing)]
"""The route's way to have its handler's outcome committed."""


def _answer(
    outcome: Outcome[ResultT],
    view: Callable[[ResultT], BaseModel | None],
    status: int | Callable[[ResultT], int],
    *,
    only_looks: bool,
) -> StoredAnswer:
    if outcome.result is None:
        return StoredAnswer(204, b"", None)
    version = getattr(outcome.result, "version", None)
    if isinstance(version, int) and outcome.changes and not only_looks:
        version += 1
    tag = None if version is None else etag(version)
    shown = view(outcome.result)
    if shown is None:
        return StoredAnswer(204, b"", tag)
    code = status if isinstance(status, int) else status(outcome.result)
    return StoredAnswer(code, shown.model_dump_json(by_alias=True).encode(), tag)
