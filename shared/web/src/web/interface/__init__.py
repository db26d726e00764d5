"""A service's interface as a page to read: made here from its OpenAPI, without scripts and from nowhere else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from fastapi import FastAPI, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from runtime.texts import choose
from web.interface.description import operations, schemas

_HERE = Path(__file__).parent


def install(app: FastAPI) -> None:
    """Add `/docs`, in the language of whoever asks."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        language = choose(request.headers.get("accept-language"))

        def say(key: str) -> str:
            return str(request.app.state.texts.say(language, f"interface.{key}"))

        page = rendered(request.app.openapi(), say, language)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy(), "Content-Language": language})


def rendered(description: Mapping[str, Any], say: Callable[[str], str], language: str) -> str:
    """Return the page for an OpenAPI description."""
    template = _environment().from_string((_HERE / "page.html").read_text(encoding="utf-8"))
    return template.render(
        title=description["info"]["title"],
        operations=operations(description),
        schemas=schemas(description),
        style=Markup(_style()),  # noqa: S704 - our own file, as its hash in the policy proves
        say=say,
        language=language,
    )


@cache
def policy() -> str:
    """Return the page's policy: its own style, which it carries, and nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (_HERE / "page.css").read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
