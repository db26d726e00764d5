"""Starts the service: `python -m operations`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from operations.config import Settings
from operations.main import create_app
from web import service

if __name__ == "__main__":
    service.serve(create_app, Settings)
