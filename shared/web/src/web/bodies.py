"""Bodies in JSON as they come in: not larger than a request may be, and every name once in its object.

What is read here is read by the framework once more; it takes the last of two equal names without a word.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.errors import Refusal, TooLarge
from standards.strict_json import RepeatedNameError, check_names

LARGEST = 3 * 1024 * 1024
"""Bytes: an edited event in its JSON, twice over. The gateway takes less for most addresses."""


class JsonBodies:
    """ASGI middleware: looks at a JSON body while it is received. The route's reading of it raises Refusal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body watched if it is JSON."""
        watched = scope["type"] == "http" and _is_json(Headers(scope=scope).get("content-type"))
        await self._app(scope, _watched(receive) if watched else receive, send)


def _watched(receive: Receive) -> Receive:
    pieces: list[bytes] = []
    size = 0

    async def watched() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > LARGEST:
                raise TooLarge("too-large")
            if not message.get("more_body", False):
                _check(b"".join(pieces))
        return message

    return watched


def _check(body: bytes) -> None:
    try:
        check_names(body)
    except RepeatedNameError as error:
        raise Refusal("repeated-name", field=error.path) from error


def _is_json(content_type: str | None) -> bool:
    """Tell whether the framework would read it as JSON; without a type it does."""
    if content_type is None:
        return True
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
