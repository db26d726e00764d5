"""Starts the matcher: `python -m matcher`. With a command it does that instead: `python -m matcher --help`."""

from __future__ import annotations

import sys

import runtime.lean  # noqa: F401 - before all else
from matcher.commands.line import run
from matcher.config import Settings
from matcher.main import create_app
from web.service import serve

if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(run(sys.argv[1:]))
    serve(create_app, Settings)
