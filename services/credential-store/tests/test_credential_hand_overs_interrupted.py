"""A hand-over that is stopped, repeated, met by another process or killed ends without loss or doubling."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from credential_bureau import Bureau, Json, eventually, json_lines, none_in, published_to, record, running
from credential_store.config import Settings
from credential_store.handlers import bulk_import
from local_stack.processes import Program
from runtime.clock import utc_now
from store.repository import Database
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE
from testkit.prepared import prepared


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@pytest.fixture
async def health(settings: Settings) -> AsyncIterator[Bureau]:
    async with running(settings) as client:
        yield Bureau(client, settings.keys)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_import, "BATCH", 100)


@pytest.mark.usefixtures("small_batches")
async def test_the_same_file_again_is_known_and_a_stopped_one_goes_on(health: Bureau, database: Database) -> None:
    content = json_lines([record(n) for n in range(700)])
    id_ = (await health.hands_over(content)).json()["hand_over_id"]
    assert (await health.does("pause", id_)).json()["state"] == "paused"
    assert (await health.does("pause", id_)).json()["code"] == "hand-over-not-in-that-state"
    stopped = (await health.sees(f"/{id_}")).json()["lines"]
    again = await health.hands_over(content)
    assert (again.status_code, again.json()["hand_over_id"]) == (200, id_)
    assert (await health.does("cancel", id_)).json()["state"] == "cancelled"
    await eventually(lambda: none_in(database, "hand-over-files.chunks"))
    assert (await health.hands_over(content)).status_code == 201
    seen = await health.waits(id_)
    assert (seen["lines"], seen["stored"]) == (700, 700)
    assert stopped <= 700
    await eventually(lambda: none_in(database, "hand-over-files.chunks"))
    done = await health.hands_over(content)
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert [each["hand_over_id"] for each in (await health.sees("")).json()["items"]] == [id_]


@pytest.mark.usefixtures("small_batches")
async def test_two_processes_and_events_of_the_same_records_double_nothing(
    health: Bureau, settings: Settings, database: Database
) -> None:
    async with running(settings) as client:
        content = json_lines([record(n) for n in range(600)])
        id_ = (await Bureau(client, settings.keys).hands_over(content)).json()["hand_over_id"]
        seen = await health.waits(id_)
    assert (seen["lines"], seen["stored"], seen["unchanged"]) == (600, 600, 0)
    assert await database["credentials"].count_documents({"sequence": 1}) == 600


async def test_killed_in_the_middle_again_and_again_it_ends_without_loss_or_doubling(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    port, begun = free_ports(19700).gateway, utc_now()
    lines: list[Json | bytes] = [b"{" if n % 500 == 499 else record(n) for n in range(1100)]
    environment = {**os.environ, "CREDENTIAL_STORE_PORT": str(port)}
    program = Program("credential-store", ("python", "-m", "credential_store"), environment, ready=lambda: True)
    with prepared(tmp_path) as start:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            bureau = Bureau(client, settings.keys)
            id_, seen, refused = "", Json(), list[Json]()
            for kill_after in (0, 1, None):
                process = start(program, tmp_path / "log")
                try:
                    await eventually(lambda: _answers(client))
                    id_ = id_ or (await bureau.hands_over(json_lines(lines))).json()["hand_over_id"]
                    wanted = kill_after

                    async def far_enough(wanted: int | None = wanted, id_: str = id_) -> Json | None:
                        seen: Json = (await bureau.sees(f"/{id_}")).json()
                        reached = seen["state"] == "done" if wanted is None else seen["lines"] >= wanted
                        return seen if reached else None

                    seen = await eventually(far_enough)
                    if wanted is None:
                        await eventually(lambda: none_in(database, "outbox"))
                        refused = await bureau.refused(id_)
                finally:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
    assert (seen["lines"], seen["stored"], seen["unchanged"], seen["refused"]) == (1100, 1098, 0, 2)
    assert [each["line"] for each in refused] == [500, 1000]
    assert await database["credentials"].count_documents({"sequence": 1}) == 1098
    events = await published_to(settings, begun)
    assert len({event["data"]["credential_id"] for event in events}) == len({event["id"] for event in events}) == 1098


async def _answers(client: httpx.AsyncClient) -> bool | None:
    return (await client.get("/healthz")).status_code == 200 or None
