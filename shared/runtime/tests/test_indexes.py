"""A service makes its indexes when it starts, and makes those anew that an earlier release made otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import IndexModel

from local_stack.keys import ensure_keys
from messaging.documents import Database
from runtime.config import ServiceSettings
from runtime.kernel import Kernel
from testkit.fixtures import Addresses


@pytest.fixture
async def kernel(infrastructure: Addresses, database: Database, tmp_path: Path) -> AsyncIterator[Kernel]:
    ensure_keys(tmp_path)
    settings = {
        "database": database.name,
        "AMQP_URL": infrastructure.amqp,
        "MONGODB_URL": infrastructure.mongodb,
        "YIZHENG_KEYS": tmp_path,
    }
    kernel = Kernel("indexing", ServiceSettings.model_validate(settings))
    yield kernel
    await kernel.client.close()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (IndexModel("at", name="at_1", expireAfterSeconds=60), IndexModel("at", name="ends-at")),
        (IndexModel("at", name="found"), IndexModel([("state", 1), ("at", 1)], name="found")),
        (IndexModel("at", name="found"), IndexModel("at", name="found", unique=True)),
        (IndexModel("at", name="ends-at"), IndexModel("at", name="ends-at", expireAfterSeconds=86_400)),
        (
            IndexModel("at", name="ends-at", expireAfterSeconds=60),
            IndexModel("at", name="ends-at", expireAfterSeconds=61),
        ),
    ],
    ids=["the same key, another name", "the same name, another key", "another option", "a term", "another term"],
)
async def test_an_index_that_was_made_otherwise_is_made_anew(
    kernel: Kernel, database: Database, before: IndexModel, now: IndexModel
) -> None:
    await database["letters"].create_indexes([before, IndexModel("untouched", name="untouched")])
    await kernel.prepare({"letters": [now]})
    held = {index["name"]: index async for index in await database["letters"].list_indexes()}

    assert set(held) == {"_id_", "untouched", now.document["name"]}
    assert held[now.document["name"]]["key"] == now.document["key"]
    assert held[now.document["name"]].get("expireAfterSeconds") == now.document.get("expireAfterSeconds")
    assert held[now.document["name"]].get("unique", False) == now.document.get("unique", False)


async def test_starting_again_changes_nothing(kernel: Kernel, database: Database) -> None:
    indexes = {"letters": [IndexModel("at", name="ends-at")]}
    await kernel.prepare(indexes)
    await database["letters"].insert_one({"_id": "a"})
    await kernel.prepare(indexes)

    assert await database["letters"].count_documents({}) == 1
