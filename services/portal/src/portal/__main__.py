"""Starts the service: `python -m portal`."""

from __future__ import annotations

from portal.app import create_app
from portal.settings import Settings
from runtime import service

service.serve(create_app, Settings, check=Settings.key)
