"""Good tokens and other people's ids: nobody reads or changes what is somebody else's, nor learns that it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx

from local_stack.keys import BLIND_INDEX_KEY
from standards import credential_identifier
from store.blind_index import BlindIndex
from synthetic.caller import Caller, CallerAnswer, Json, NoAnswer
from tests.contract.access import table
from tests.end_to_end.test_access import filled
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, portal, scans
from tests.journeys.waiting import heard_of, until
from web.auth import Role

FREE = frozenset({"public", "no-person", "aggregate", "present", "stated-purpose", "masked-look", "masked"})
"""Scopes that do not depend on who asks."""

ENDLESS = "GET /v1/tasks/stream"
"""Shows what the queue shows, which is asked here, too."""
SLOT = {"begins": "2030-01-02T10:00:00+08:00", "ends": "2030-01-02T11:00:00+08:00"}
UPLOAD: Mapping[str, Json] = {
    "requirement": "photo",
    "document_type": "portrait-photo",
    "name": "a.png",
    "size": 9,
    "sha256": "9f" * 32,
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "PATCH /v1/applications/{application_id}": {"json": {"form": {"address": "elsewhere"}}},
    "POST /v1/applications/{application_id}/satisfaction": {"json": {"score": 1}},
    "POST /v1/applications/{application_id}/scans": {
        "files": {"file": ("a.png", scans.png(), "image/png")},
        "data": {"requirement": "photo", "document_type": "portrait-photo"},
    },
    "POST /v1/applications/{application_id}/uploads": {"json": dict(UPLOAD)},
    "PATCH /v1/applications/{application_id}/uploads/{upload_id}": {
        "content": b"x",
        "headers": {"Content-Type": "application/partial-upload", "Upload-Offset": "0"},
    },
    "POST /v1/tasks/{task_id}/approval": {"json": {}},
    "POST /v1/tasks/{task_id}/rejection": {"json": {"reason": "x"}},
    "POST /v1/tasks/{task_id}/return": {"json": {"field": "scans", "message": "x"}},
    "POST /v1/tasks/{task_id}/notes": {"json": {"text": "x"}},
    "POST /v1/tasks/{task_id}/duplicate-check": {"json": {"result": "another"}},
    "POST /v1/tasks/{task_id}/takeover": {"json": {"reason": "x"}},
    "POST /v1/tasks/{task_id}/slots": {"json": {"slots": [SLOT]}},
    "POST /v1/tasks/{task_id}/visit-refusal": {"json": {"reason": "x"}},
    "POST /v1/tasks/{task_id}/photographs": {"files": {"file": ("a.png", scans.png(), "image/png")}},
    "POST /v1/visits/{task_id}/choice": {"json": SLOT},
    "POST /v1/visits/{task_id}/proposal": {"json": SLOT},
    "POST /v1/visits/{task_id}/refusal": {"json": {"reason": "x"}},
    "POST /v1/tasks/{task_id}/explanation": {"json": {"text": "x"}},
    "POST /v1/tasks/{task_id}/correction": {"json": {"result": "refused", "explanation": "x"}},
    "POST /v1/corrections": {
        "json": {"document_type": "bank-account", "field": "name", "should_say": "x", "reason": "x"}
    },
    "POST /v1/accesses/{id}/dispute": {"json": {"reason": "x"}},
    "POST /v1/erasures/{id}/confirmation": {"json": {"preview": "x"}},
    "POST /v1/credentials/{id}/presentations": {"json": {"fields": ["name"]}},
    "POST /v1/credentials/{id}/suspension": {"json": {"reason": "x"}},
    "POST /v1/credentials/{id}/reinstatement": {"json": {"reason": "x"}},
    "POST /v1/credentials/{id}/revocation": {"json": {"reason": "x"}},
    "POST /v1/credentials/{id}/reissue": {"json": {"reason": "x"}},
}
"""What a request must carry to be refused for whose data it asks, and for nothing else."""


class _Scan(NoAnswer):
    scan_id: str


class _Application(NoAnswer):
    scans: tuple[_Scan, ...]


class _Upload(NoAnswer):
    upload_id: str


class _Credential(NoAnswer):
    credential_id: str


class _Credentials(NoAnswer):
    items: tuple[_Credential, ...] = ()


class _Access(NoAnswer):
    access_id: str


class _Accesses(NoAnswer):
    items: tuple[_Access, ...] = ()


class _Correction(NoAnswer):
    correction_id: str


class _Erasure(NoAnswer):
    erasure_id: str


class _HandOver(NoAnswer):
    hand_over_id: str


@dataclass(frozen=True)
class Belongings:
    """One of everything that can be somebody's: ids by the noun and the name of the path's parameter, and words."""

    ids: Mapping[str, Mapping[str, str]]
    words: frozenset[str]
    owner: Caller

    def of(self, operation: str) -> Mapping[str, str]:
        """Return the ids for an operation's path."""
        return self.ids.get(operation.split("/")[2], {})


async def _belongings(town: Town) -> Belongings:
    made = town.meet("newcomers")
    owner = await town.welcome(made)
    application = await portal.draft(owner, "residence-permit", {"address": made.home.address})
    await portal.hand_in(owner, application, "photo", "portrait-photo", scans.png())
    await portal.hand_in(owner, application, "work", "social-insurance-record", scans.png(1))
    scan = (await owner.get(f"/v1/applications/{application}", _Application)).scans[0].scan_id
    upload = await owner.post(f"/v1/applications/{application}/uploads", _Upload, dict(UPLOAD))
    await portal.submit(owner, application)
    reviewer = town.worker("reviewer", "si-1", department="social-insurance")
    queue = await until(
        lambda: desk.queue(reviewer, application_id=application), lambda it: bool(it.items), what="a task"
    )
    cards = await until(
        lambda: owner.get("/v1/credentials", _Credentials), lambda it: bool(it.items), what="the card as a credential"
    )
    health = town.worker("department", "health-system", department="health")
    hand_over = await health.upload(
        "/v1/hand-overs", _HandOver, file=("r.jsonl", b"{}\n", "application/jsonl"), fields={}
    )
    resident = town.ids[made.head.number]
    accesses = await until(
        lambda: owner.get("/v1/accesses", _Accesses), lambda it: bool(it.items), what="a match in the record"
    )
    wrong: Json = {"document_type": "registration", "field": "address", "should_say": made.home.address, "reason": "x"}
    correction = await heard_of(lambda: owner.post("/v1/corrections", _Correction, wrong))
    erasure = await heard_of(lambda: owner.post("/v1/erasures", _Erasure, {}))
    ids = {
        "corrections": {"id": correction.correction_id},
        "erasures": {"id": erasure.erasure_id},
        "residents": {"id": resident},
        "accesses": {"id": accesses.items[0].access_id},
        "applications": {"application_id": application, "scan_id": scan, "upload_id": upload.upload_id},
        "tasks": {"task_id": queue.items[0].task_id, "photograph_id": "photo_01kb2n0q8r7s6t5v4w3x2y1z0a"},
        "visits": {"task_id": queue.items[0].task_id},
        "credentials": {"id": cards.items[0].credential_id},
        "hand-overs": {"id": hand_over.hand_over_id},
    }
    return Belongings(
        ids, frozenset({resident, made.head.name, made.head.number, made.home.address, application}), owner
    )


def _limited() -> Iterator[tuple[str, str, Role]]:
    """Give every operation and role whose line says that the role reaches some data and not others'."""
    for service, operation, line in table().lines():
        for role, scope in line.scopes.items():
            if scope not in FREE and role != Role.OPERATOR and operation != ENDLESS:
                yield service, operation, Role(role)


async def test_others_data_is_neither_read_nor_changed_nor_admitted_to(town: Town) -> None:
    belongings, stranger = await asyncio.gather(_belongings(town), town.welcome(town.meet("senior")))
    callers = {
        Role.RESIDENT: stranger,
        Role.REVIEWER: town.worker("reviewer", "edu-9", department="edu"),
        Role.GRID_OFFICER: town.worker("grid-officer", "grid-9", community="440309999999"),
        Role.DEPARTMENT: town.worker("department", "edu-system", department="edu"),
    }
    before = await belongings.owner.send(
        "GET", f"/v1/applications/{belongings.of('GET /v1/applications')['application_id']}"
    )

    async def ask(operation: str, role: Role, ids: Mapping[str, str]) -> httpx.Response:
        method, path = filled(operation, {"form": "png", **ids})
        given = dict(BODIES.get(operation, {}))
        request = town.client.build_request(
            method,
            path,
            params={"field": "name"} if "{form}" in operation else {"purpose": "looking around"},
            headers={"Authorization": f"Bearer {callers[role].token}", **given.pop("headers", {})},
            **given,
        )
        return await town.client.send(request)

    for _, operation, role in _limited():
        if role not in callers:
            continue
        answer = await ask(operation, role, belongings.of(operation))
        where = f"{operation} as {role}: {answer.status_code} {answer.text[:300]}"
        assert not [word for word in belongings.words if word in answer.text.replace(answer.request.url.path, "")], (
            where
        )
        if "{" not in operation:
            continue
        assert answer.status_code in {403, 404}, where
        if role is Role.RESIDENT:
            nothing = await ask(operation, role, {name: _other(id_) for name, id_ in belongings.of(operation).items()})
            assert _said(nothing) == _said(answer), where

    after = await belongings.owner.send("GET", before.request.url.path)
    kept = ("form", "scans", "attempt", "submitted_at", "satisfaction")  # answers may still be arriving
    assert {name: after.json()[name] for name in kept} == {name: before.json()[name] for name in kept}


def _other(id_: str) -> str:
    """Return an id of the same form that nobody has."""
    return id_[:-6] + ("0" * 6 if not id_.endswith("0" * 6) else "1" * 6)


def _said(answer: httpx.Response) -> tuple[int, dict[str, object]]:
    return answer.status_code, {name: value for name, value in answer.json().items() if name != "instance"}


class _Card(CallerAnswer):
    credential_id: str
    identifier: str


class _Held(CallerAnswer):
    items: tuple[_Card, ...]


async def test_the_key_of_the_index_makes_of_a_number_nothing_that_leads_to_who_is_registered_now(town: Town) -> None:
    """Departments had that key, and ids were hashes of what it made; questions with the real ones are answered."""
    made = town.meet("newcomers")
    head = await town.welcome(made)
    held = await until(lambda: head.get("/v1/credentials", _Held), lambda it: bool(it.items), what="the identity card")
    [card] = held.items
    index = BlindIndex.from_file(town.stack.layout.keys / BLIND_INDEX_KEY).of(made.head.number)
    resident = "res_" + sha256(f"resident {index}".encode()).hexdigest()[:26]
    serial = sha256(f"{index}\nid-card\n\n".encode()).hexdigest()[:20]
    *_, type_code, issuer, _, version, _ = card.identifier.split(".")
    worked_out = _Card(
        credential_id=f"crd_{serial}",
        identifier=credential_identifier.issue(type_code, issuer, serial.upper(), int(version)),
    )
    police = town.worker("reviewer", "psb-1", department="psb")
    purpose = {"purpose": "核对"}

    def asked(by: Caller, resident_id: str, found: _Card) -> list[Awaitable[object]]:
        return [
            town.clerk().send("GET", f"/v1/residents/{resident_id}", query=purpose),
            by.send("POST", "/v1/queries", body={**purpose, "resident_id": resident_id}),
            by.send("POST", "/v1/queries", body={**purpose, "identifier": found.identifier}),
            by.send("GET", f"/v1/credentials/{found.credential_id}", query=purpose),
        ]

    for answered in asked(police, town.ids[made.head.number], card):
        await answered
    problems = [await refusal(each) for each in asked(police, resident, worked_out)]
    assert [each.status for each in problems] == [404] * len(problems)
