"""Dry runs, statistics and looks over HTTP: requests are parsed, handlers called, answers shaped."""

from __future__ import annotations

from matcher.api.routes import router

__all__ = ["router"]
