"""Starts the service: `python -m portal`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from portal.app import create_app
from portal.settings import Settings
from web import service

if __name__ == "__main__":
    service.serve(create_app, Settings, check=Settings.key)
