"""What the portal asks of the service over HTTP: an application as it moves, choices about what is held."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from applications.config import Settings
from applications.main import create_app
from services.applications.tests.office import NUMBER_OF
from services.applications.tests.paper import drawing
from services.applications.tests.service import Service, running
from testkit.patience import PATIENCE, eventually
from web.server_sent_events import OPEN


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
    said = await service.next_event("document-submitted", 2)
    assert [(each["requirement"], each["declined"]) for each in said["data"]["documents"]] == [
        ("tenant-id-card", ["crd_1"])
    ]


async def test_a_clerk_applies_for_the_person_whose_card_was_read(service: Service) -> None:
    await service.knows("senior")
    told = {
        "presence_id": "prs_1",
        "resident_id": "senior",
        "holder_index": "0" * 64,
        "by": {"subject": "clerk-7", "role": "clerk", "departments": []},
        "channel": "window",
        "communities": [],
        "begun_at": datetime.now(UTC).isoformat(),
        "ends_at": (datetime.now(UTC) + timedelta(minutes=20)).isoformat(),
    }
    await service.tell("identity.presence-begun.v1", told)
    await eventually(lambda: service.database["presences"].find_one({"_id": "prs_1"}))

    async def call(method: str, path: str, body: object = None, presence: str = "prs_1") -> httpx.Response:
        headers = {"Presence": presence} if presence else {}
        return await service.call(method, path, body, by="clerk-7", role="clerk", headers=headers)

    refused = await call("POST", "/v1/applications", {"item": "senior-card"}, presence="")
    assert (refused.status_code, refused.json()["code"]) == (403, "presence-needed")
    drafted = await call("POST", "/v1/applications", {"item": "senior-card"})
    assert drafted.status_code == 201, drafted.text
    path = f"/v1/applications/{drafted.json()['application_id']}"
    assert (await call("PATCH", path, {"form": {"registered_address": "龙华区民治街道3号"}})).status_code == 200
    scan = {"file": ("photo.png", drawing(), "image/png")}
    added = await service.call(
        "POST", f"{path}/scans", by="clerk-7", role="clerk", headers={"Presence": "prs_1"},
        files=scan, data={"requirement": "photo", "document_type": "portrait-photo"},
    )  # fmt: skip
    assert added.status_code == 201, added.text
    assert (await call("GET", path)).json()["scans"]
    submitted = await call("POST", f"{path}/submission")
    assert (submitted.status_code, submitted.json()["state"]) == (200, "in-progress")
    assert (await call("PATCH", path, {"form": {}})).json()["code"] == "helped-to-the-end"
    for part in ("", "/timeline", "/receipt"):
        read = await call("GET", path + part)
        assert read.status_code == 200, read.text
        assert read.json()["state"] == "in-progress"
    assert (await call("GET", "/v1/eligibility")).json()["person"]["resident_id"] == "senior"
    assert (await call("GET", "/v1/items/senior-card/eligibility")).status_code == 200
    assert (await call("GET", "/v1/eligibility", presence="")).json()["code"] == "presence-needed"
    assert (await service.see(path.rpartition("/")[2], by="senior"))["applicant"]["resident_id"] == "senior"
    assert (await call("GET", "/v1/applications")).status_code == 403
    said = await service.next_event("data-accessed")
    assert (said["data"]["by"]["subject"], said["data"]["how"]) == ("clerk-7", "worked-on")


async def test_two_officials_rehearse_and_switch_the_review_of_a_document_off(service: Service) -> None:
    async def call(method: str, path: str, body: object = None, *, by: str, **headers: str) -> httpx.Response:
        return await service.call(method, f"/v1/review-switches{path}", body, by=by, role="official", headers=headers)

    rehearsed = await call("GET", "/household-register/rehearsal", by="ann")
    assert rehearsed.status_code == 200, rehearsed.text
    assert (rehearsed.json()["refused"], rehearsed.json()["cases"]["items"]) == (0, [])
    made = {"review": "automatic", "reason": "镜像库已完整"}
    proposed = await call("POST", "/household-register/proposal", made, by="ann")
    assert (proposed.status_code, proposed.json()["review"]) == (200, "people"), proposed.text
    own = await call("POST", "/household-register/approval", by="ann")
    assert (own.status_code, own.json()["code"]) == (409, "review-needs-another-official")
    stale = await call("POST", "/household-register/approval", by="bea", **{"If-Match": '"9"'})
    assert stale.status_code == 412
    approved = await call("POST", "/household-register/approval", by="bea", **{"If-Match": proposed.headers["etag"]})
    assert (approved.status_code, approved.json()["review_name"]) == (200, "nobody reviews it"), approved.text
    listed = {each["document_type"]["code"]: each for each in (await call("GET", "", by="ann")).json()["items"]}
    assert (
        listed["household-register"]["history"][-1]["text"] == "ann, bea decided that nobody reviews it: 镜像库已完整"
    )
    seen = await call("GET", "/household-register", by="ann")
    assert seen.json() == listed["household-register"]
    assert (await call("GET", "/no-such-type", by="ann")).status_code == 404
    assert (await service.next_event("review-switched"))["data"]["by"] == ["ann", "bea"]
    assert (await service.call("GET", "/v1/review-switches", role="resident")).status_code == 403
