"""Starts the service: `python -m applications`."""

from __future__ import annotations

from applications.config import Settings
from applications.main import create_app
from runtime import service

service.serve(create_app, Settings)
