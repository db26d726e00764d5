"""Starts the credential store: `python -m credential_store`."""

from __future__ import annotations

import runtime.lean  # noqa: F401 - before all else
from credential_store.config import Settings
from credential_store.main import create_app
from web.service import serve

if __name__ == "__main__":
    serve(create_app, Settings)
