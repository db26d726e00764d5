"""Starts review dispatch: `python -m review_dispatch`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from review_dispatch.config import Settings
from review_dispatch.main import create_app
from web.service import serve

if __name__ == "__main__":
    serve(create_app, Settings)
