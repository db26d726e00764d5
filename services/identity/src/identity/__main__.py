"""Starts the service: `python -m identity`."""

from __future__ import annotations

from identity.config import Settings
from identity.main import create_app
from runtime import service

service.serve(create_app, Settings)
