"""What the service says before it starts, and what its API description promises."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bson.binary import Binary

from identity.config import Settings
from identity.main import create_app
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from runtime.data_files import DataFileError
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE

ANOTHERS_DATA_KEY = {
    "_id": Binary(bytes(16), 4),
    "keyAltNames": ["1"],
    "keyMaterial": bytes(160),
    "creationDate": datetime(2026, 1, 1, tzinfo=UTC),
    "updateDate": datetime(2026, 1, 1, tzinfo=UTC),
    "status": 1,
    "masterKey": {"provider": "local:another"},
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    ensure_keys(tmp_path)
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("YIZHENG_JWKS", str(tmp_path / PUBLIC_KEYS))
    return Settings()


@pytest.mark.parametrize("content", [None, "not a key\n"])
def test_without_its_keys_it_refuses_to_start_and_names_the_file(settings: Settings, content: str | None) -> None:
    (settings.keys / "blind-index.key").unlink()
    if content is not None:
        (settings.keys / "blind-index.key").write_text(content)
        (settings.keys / "blind-index.key").chmod(0o600)
    with pytest.raises(DataFileError, match=r"blind-index\.key:1: "):
        create_app(settings)


async def test_a_store_under_another_master_key_ends_the_start_and_names_the_key(
    settings: Settings, infrastructure: StackAddresses, database: Database
) -> None:
    await database["keys"].insert_one(ANOTHERS_DATA_KEY)
    environment = {**os.environ, "MONGODB_URL": infrastructure.mongodb, "IDENTITY_DATABASE": database.name}

    service = await asyncio.create_subprocess_exec(sys.executable, "-m", "identity", env=environment, stderr=PIPE)
    _, said = await asyncio.wait_for(service.communicate(), PATIENCE)

    assert service.returncode == 78
    assert "local:another" in said.decode()
