"""Starts the service: `python -m applications`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from applications.config import Settings
from applications.main import create_app
from web import service

if __name__ == "__main__":
    service.serve(create_app, Settings)
