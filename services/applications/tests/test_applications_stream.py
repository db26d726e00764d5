"""Following an application as it moves: over HTTP, whichever process of the service moves it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from applications.config import Settings
from applications.main import create_app
from runtime.server_sent_events import OPEN
from services.applications.tests.service import Service, running
from testkit.patience import PATIENCE, eventually


def events(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return name, id and data of each event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


async def test_an_application_is_followed_to_its_end_whichever_process_moves_it(service: Service, bus: str) -> None:
    await service.knows("newcomer", "senior", "child")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    path = f"/v1/applications/{id}/stream"
    refused = await service.call("GET", path, by="newcomer")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-application")

    following = asyncio.create_task(service.call("GET", path, by="senior"))
    await eventually(lambda: _open(1))
    async with running(create_app(Settings()), bus, service.keys, service.database) as other:
        submitted = await other.submits(id, by="senior")
        assert submitted["state"] == "in-progress"
        await other.call("POST", f"/v1/applications/{id}/withdrawal", by="senior")
    async with asyncio.timeout(PATIENCE):
        answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    *moved, end = events(answer.text)
    assert (moved[0][2]["state"], moved[-1][2]["state"]) == ("draft", "withdrawn")
    assert moved[-1][2]["happenings"][-1]["text"]
    assert (end[0], end[2]) == ("end", {"reason": "done"})
    assert len({each[1] for each in moved}) == len(moved)
    await eventually(lambda: _open(0))

    again = await service.call("GET", path, by="senior", headers={"Last-Event-ID": moved[-1][1]})
    assert (again.status_code, again.content) == (204, b"")


async def _open(many: int) -> bool | None:
    value: float = OPEN.labels("applications")._value.get()  # noqa: SLF001 - as the metrics show it
    return value == many or None
