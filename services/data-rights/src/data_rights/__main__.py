"""Starts the service: `python -m data_rights`. With a command it does that instead: `python -m data_rights --help`."""

from __future__ import annotations

import sys

import runtime.lean  # noqa: F401 - before all else
from data_rights.commands.line import run
from data_rights.config import Settings
from data_rights.main import create_app
from web.service import serve

if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(run(sys.argv[1:]))
    serve(create_app, Settings)
