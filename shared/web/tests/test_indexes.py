"""A service makes its indexes when it starts, and rebuilds those that an earlier release made otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from local_stack.keys import ensure_keys
from store.repository import Database, Document
from testkit.fixtures import StackAddresses
from web.config import ServiceSettings
from web.service_runtime import ServiceRuntime, ensure_indexes


@pytest.fixture
async def runtime(infrastructure: StackAddresses, database: Database, tmp_path: Path) -> AsyncIterator[ServiceRuntime]:
    ensure_keys(tmp_path)
    settings = {
        "database": database.name,
        "AMQP_URL": infrastructure.amqp,
        "MONGODB_URL": infrastructure.mongodb,
        "YIZHENG_KEYS": tmp_path,
    }
    runtime = ServiceRuntime("indexing", ServiceSettings.model_validate(settings))
    yield runtime
    await runtime.client.close()


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
    runtime: ServiceRuntime, database: Database, before: IndexModel, now: IndexModel
) -> None:
    await database["letters"].create_indexes([before, IndexModel("untouched", name="untouched")])
    await runtime.prepare({"letters": [now]})
    held = {index["name"]: index async for index in await database["letters"].list_indexes()}

    assert set(held) == {"_id_", "untouched", now.document["name"]}
    assert held[now.document["name"]]["key"] == now.document["key"]
    assert held[now.document["name"]].get("expireAfterSeconds") == now.document.get("expireAfterSeconds")
    assert held[now.document["name"]].get("unique", False) == now.document.get("unique", False)


async def test_starting_again_changes_nothing_and_asks_for_no_index(
    runtime: ServiceRuntime, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = {
        "letters": [
            IndexModel("at", name="ends-at", expireAfterSeconds=60),
            IndexModel([("state", 1), ("at", -1)], name="states", partialFilterExpression={"state": {"$gt": ""}}),
            IndexModel("number", unique=True, sparse=True),
        ]
    }
    await runtime.prepare(indexes)
    await database["letters"].insert_one({"_id": "a"})

    async def refuse(*_: object) -> None:
        pytest.fail("an index that is there was asked for")

    monkeypatch.setattr(AsyncCollection, "create_indexes", refuse)
    await runtime.prepare(indexes)

    assert await database["letters"].count_documents({}) == 1


async def test_an_index_may_take_longer_to_build_than_an_operation_on_the_store_may(
    infrastructure: StackAddresses, database: Database
) -> None:
    await database["letters"].insert_one({"_id": "a"})
    impatient = AsyncMongoClient[Document](infrastructure.mongodb, timeoutMS=1, w="majority")
    try:
        with pytest.raises(PyMongoError) as caught:
            await impatient[database.name]["letters"].create_indexes([IndexModel("at", name="found")])
        assert caught.value.timeout
        await ensure_indexes(impatient[database.name]["letters"], [IndexModel("at", name="found")])
    finally:
        await impatient.close()
    assert set(await database["letters"].index_information()) == {"_id_", "found"}
