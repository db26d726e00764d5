"""Starts the service: `python -m identity`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from identity.config import Settings
from identity.main import create_app
from web import service

if __name__ == "__main__":
    service.serve(create_app, Settings)
