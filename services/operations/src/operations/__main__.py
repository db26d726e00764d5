"""Starts the service: `python -m operations`."""

from __future__ import annotations

from operations.config import Settings
from operations.main import create_app
from runtime import service

service.serve(create_app, Settings)
