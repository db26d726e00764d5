"""The credential store over a real broker and a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from credential_store.config import Settings
from local_stack.keys import ensure_keys
from runtime.kernel import Database
from testkit.fixtures import Addresses


@pytest.fixture
def settings(
    tmp_path: Path, infrastructure: Addresses, database: Database, bus: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    keys = tmp_path / "keys"
    ensure_keys(keys)
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(keys))
    monkeypatch.setenv("YIZHENG_JWKS", str(keys / "jwks.json"))
    monkeypatch.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()
