"""Routes: parse, call a handler, shape the view."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
