"""The tasks over HTTP: requests are parsed, handlers called, answers shaped."""

from __future__ import annotations

from review_dispatch.api.routes import router

__all__ = ["router"]
