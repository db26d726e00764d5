"""Calling the HTTP API: one place for the address, the token, and what goes wrong."""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import httpx
import typer

from operations.commands.words import language, say

Json = dict[str, Any]
"""What the API answers with; it has checked the shape, so a terminal need not."""

_TIMEOUT = 60.0


class Exit(IntEnum):
    """Exit codes, for scripts."""

    DONE = 0
    REFUSED = 1
    """The system said no, and why."""
    USAGE = 2
    UNREACHABLE = 3
    """Nobody answered, or the system itself is in trouble: try again later."""
    NOT_ALLOWED = 4
    """No token, one that has expired, or the wrong role."""
    FAILED_AGAIN = 5
    """A replay that was watched did not get through."""


class CallRefusedError(Exception):
    """The API's answer is a problem (RFC 9457), or there was none: what to say, and with which code to end."""

    def __init__(self, said: str, code: Exit, problem: Json | None = None) -> None:
        super().__init__(said)
        self.code = code
        self.problem = problem or {}


@dataclass(frozen=True)
class OperatorCaller:
    """Calls the gateway for one operator."""

    client: httpx.Client

    def get(self, path: str, **asked: object) -> Json:
        """Read something. Raises CallRefusedError."""
        answer: Json = self.call("GET", path, asked=asked).json()
        return answer

    def post(self, path: str, body: Mapping[str, object], *, version: int | None = None) -> Json:
        """Change something, once even if the answer is lost on the way. Raises CallRefusedError."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer: Json = self.call("POST", path, body=body, headers=headers).json()
        return answer

    def pages(self, path: str, most: int, **asked: object) -> list[Json]:
        """Read a list, page after page, until there is no more or there are `most`."""
        found: list[Json] = []
        cursor: str | None = None
        while len(found) < most:
            page = self.get(path, **asked, cursor=cursor, limit=min(100, most - len(found)))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def parts(self, path: str, **asked: object) -> Iterator[str]:
        """Read a long text as it comes. Raises CallRefusedError."""
        try:
            with self.client.stream("GET", path, params=_given(asked)) as response:
                if response.is_error:
                    response.read()
                    raise _refused(response)
                yield from response.iter_text()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def call(
        self,
        method: str,
        path: str,
        *,
        asked: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call, and raise CallRefusedError for every answer that is not what was asked for."""
        try:
            response = self.client.request(
                method, path, params=_given(asked or {}), json=body, headers=dict(headers or {})
            )
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _refused(response)
        return response

    def _unreachable(self, error: httpx.HTTPError) -> CallRefusedError:
        return CallRefusedError(say("unreachable", url=self.client.base_url, error=repr(error)), Exit.UNREACHABLE)


def caller_of(
    url: str, token: str, token_file: Path | None, authority: Path | None, key: Path | None = None
) -> OperatorCaller:
    """Make a caller from what the command line says. Raises CallRefusedError without a token or on an unusable file."""
    if not token and token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise CallRefusedError(
                say("no-token-file", path=token_file, error=error.strerror), Exit.NOT_ALLOWED
            ) from error
    if not token:
        raise CallRefusedError(say("no-token"), Exit.NOT_ALLOWED)
    client = httpx.Client(
        base_url=f"{url.rstrip('/')}/v1",
        headers={"Authorization": f"Bearer {token}", "Accept-Language": language()},
        auth=None if key is None else _bound(token, key),
        timeout=_TIMEOUT,
        verify=_trusting(authority),
    )
    return OperatorCaller(client)


def _bound(token: str, key: Path) -> httpx.Auth:
    from operations.commands.bound import BoundToken, read_key  # noqa: PLC0415 - a sixth of the start, and for few

    try:
        return BoundToken(token, read_key(key))
    except (OSError, ValueError) as error:
        raise CallRefusedError(say("no-key-file", path=key, error=error), Exit.NOT_ALLOWED) from error


def _trusting(authority: Path | None) -> ssl.SSLContext:
    """Trust the authorities that the system knows, and this one."""
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:  # not there, or no certificate
            raise CallRefusedError(say("no-authority", path=authority, error=error), Exit.USAGE) from error
    return context


def default_url() -> str:
    """Return the gateway of this machine, where `make run` puts it."""
    return f"https://127.0.0.1:{os.environ.get('YIZHENG_PORT_BASE', '') or 18000}"


def _given(asked: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value not in (None, "", [], ())}


def _refused(response: httpx.Response) -> CallRefusedError:
    try:
        problem: Json = response.json()
    except ValueError:
        problem = {}
    said = "\n".join(str(problem[part]) for part in ("title", "detail", "action") if problem.get(part))
    faults = "".join(f"\n  {each.get('pointer', '')}  {each.get('detail', '')}" for each in problem.get("errors", ()))
    return CallRefusedError((said or f"HTTP {response.status_code}") + faults, _code(response.status_code), problem)


def _code(status: int) -> Exit:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return Exit.NOT_ALLOWED
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Exit.UNREACHABLE
    return Exit.REFUSED


def caller(context: typer.Context) -> OperatorCaller:
    """Return the caller that the command line's first part has made."""
    made: OperatorCaller = context.obj.caller()
    return made
