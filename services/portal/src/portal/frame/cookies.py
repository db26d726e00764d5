"""The portal's cookies: all `__Host-` (this host only, over TLS only, for every path), none readable by a script."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runtime import texts

SESSION = "__Host-yizheng"
BROWSER = "__Host-yizheng-browser"
"""A secret of the browser's, before and beside any session: it ties sign-ins and forms of strangers to it."""
KEPT = "__Host-yizheng-kept"
"""The secret of a form that was sent too late; see forms.py."""
LANGUAGE = texts.CHOSEN
VIEW = "__Host-yizheng-view"

A_YEAR = 365 * 24 * 3600


def read(request: Request, name: str) -> str:
    """Return a cookie, empty when there is none."""
    return request.cookies.get(name, "")


def write(answer: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Let the browser keep a cookie: until it is closed, or for so many seconds.

    `Lax`, not `Strict`: whoever comes from a link in a message, or back from the provider, stays signed in.
    """
    answer.set_cookie(name, value, seconds, path="/", secure=True, httponly=True, samesite="lax")


def remove(answer: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
