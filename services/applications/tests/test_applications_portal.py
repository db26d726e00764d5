"""What the portal asks of the service over HTTP: an application as it moves, choices about what is held."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from applications.config import Settings
from applications.main import create_app
from runtime.server_sent_events import OPEN
from services.applications.tests.office import NUMBER_OF
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


async def test_choices_about_what_is_held_are_part_of_the_application(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    terms = {
        "address": "深圳市龙华区民治街道民乐社区梅龙路12号3栋501",
        "term_from": "2030-01-01",
        "term_to": "2031-01-01",
    }
    draft = {"item": "rental-contract-filing", "second_party_number": NUMBER_OF["landlord"], "form": terms}
    path = f"/v1/applications/{await service.drafts(draft)}"
    made = {"tenant-id-card": {"crd_1": "decline", "crd_2": "use"}}
    changed = await service.call("PATCH", path, {"evidence": made})
    assert changed.status_code == 200, changed.text
    chosen = [(each["evidence_id"], each["choice_name"]) for each in changed.json()["evidence"]]
    assert sorted(chosen) == [("crd_1", "do not use"), ("crd_2", "use")]
    assert changed.json()["form"]["address"] == terms["address"]
    refused = await service.call("PATCH", path, {"evidence": {"landlord-id-card": {"crd_1": "decline"}}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/evidence/landlord-id-card")
    wrong = await service.call("PATCH", path, {"evidence": {"tenant-id-card": {"crd_1": "perhaps"}}})
    assert wrong.status_code == 422
    await service.submits(path.rpartition("/")[2])
    said = await service.next_event("document-submitted")
    assert (said["data"]["requirement"], said["data"]["declined"]) == ("tenant-id-card", ["crd_1"])
