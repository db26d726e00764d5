"""Scans that come piece by piece: a lost line, a doubled piece, another file, what is never finished."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from random import Random

import httpx
from PIL import Image

from applications.handlers import uploads
from applications.store import documents
from runtime.clock import utc_now
from scans.files import StoredFile
from services.applications.tests import paper
from services.applications.tests.service import Service
from services.applications.tests.test_applications_uploads import FIELDS, PDF, enrolment, hand_in

MEBIBYTE = 1024 * 1024


def told_of(content: bytes, **other: object) -> Mapping[str, object]:
    """Return what is said of a file before its first byte."""
    digest = sha256(content).hexdigest()
    return {**FIELDS, "name": "出生证.pdf", "size": len(content), "sha256": digest, **other}


async def begin(service: Service, id: str, content: bytes = PDF, *, by: str = "newcomer", **other: object) -> str:
    answer = await service.call("POST", f"/v1/applications/{id}/uploads", told_of(content, **other), by=by)
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.headers["Location"])


async def send(service: Service, path: str, offset: int, piece: bytes, *, by: str = "newcomer") -> httpx.Response:
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
    return await service.send("PATCH", path, piece, headers=headers, by=by)


async def offset_of(service: Service, path: str) -> int:
    answer = await service.call("HEAD", path)
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


async def left(service: Service) -> dict[str, int]:
    names = ("uploads", "upload_pieces.files", "upload_pieces.chunks", "scans.files")
    return {name: await service.database[name].count_documents({}) for name in names}


def large_photograph(size: int) -> bytes:
    """Take a photograph of at least so many bytes: noise can't be packed."""
    side = int((size / 1.15) ** 0.5)
    made = BytesIO()
    noise = Random(20261130).randbytes(side * side * 3)
    Image.frombytes("RGB", (side, side), noise).save(made, "JPEG", quality=95)
    return made.getvalue()


async def test_a_scan_of_thirty_megabytes_comes_over_a_line_that_breaks(service: Service) -> None:
    id = await enrolment(service)
    content = large_photograph(30_000_000)
    assert len(content) >= 30_000_000
    path, offset, pieces = await begin(service, id, content), 0, 0
    answer = await service.call("GET", path)
    while offset < len(content):
        if pieces == 7:  # the line broke: the same file is chosen again
            assert await begin(service, id, content) == path
            offset = await offset_of(service, path)
        answer = await send(service, path, offset, content[offset : offset + MEBIBYTE])
        assert answer.status_code == 200, answer.text
        offset, pieces = int(answer.headers["Upload-Offset"]), pieces + 1
        assert answer.headers["Upload-Complete"] == ("?1" if offset == len(content) else "?0")
    assert answer.json()["received"] == len(content)
    (scan,) = (await service.see(id))["scans"]
    assert scan["scan_id"] == answer.json()["scan_id"]
    kept = (await service.call("GET", f"/v1/applications/{id}/scans/{scan['scan_id']}")).content
    assert kept.startswith(b"\xff\xd8")
    assert len(kept) == scan["size"]
    assert await left(service) == {
        "uploads": 1, "upload_pieces.files": 0, "upload_pieces.chunks": 0, "scans.files": 1
    }  # fmt: skip
    assert (await service.call("GET", f"/v1/applications/{id}/uploads")).json() == {"items": []}


async def test_a_piece_that_comes_twice_or_elsewhere_is_refused_with_where_it_goes_on(service: Service) -> None:
    id = await enrolment(service)
    path = await begin(service, id)
    twice = await asyncio.gather(*(send(service, path, 0, PDF[:100]) for _ in range(2)))
    assert sorted(each.status_code for each in twice) == [200, 409]
    ahead = await send(service, path, 300, PDF[300:])
    assert (ahead.status_code, ahead.json()["code"]) == (409, "upload-offset")
    assert "100" in ahead.json()["errors"][0]["detail"]
    assert await offset_of(service, path) == 100
    assert (await left(service))["upload_pieces.files"] == 1
    (shown,) = (await service.call("GET", f"/v1/applications/{id}/uploads")).json()["items"]
    assert (shown["name"], shown["received"], shown["size"]) == ("出生证.pdf", 100, len(PDF))
    whole = await send(service, path, 100, PDF[100:])
    again = await send(service, path, len(PDF), b"")
    assert (whole.status_code, again.status_code) == (200, 200)
    assert whole.json() == again.json()
    assert len((await service.see(id))["scans"]) == 1


async def test_the_last_piece_sent_twice_at_once_makes_one_scan(service: Service) -> None:
    id = await enrolment(service)
    path = await begin(service, id)
    await send(service, path, 0, PDF[:10])
    await asyncio.gather(*(send(service, path, 10, PDF[10:]) for _ in range(3)), send(service, path, len(PDF), b""))
    await send(service, path, len(PDF), b"")
    assert len((await service.see(id))["scans"]) == 1
    assert await left(service) == {
        "uploads": 1, "upload_pieces.files": 0, "upload_pieces.chunks": 0, "scans.files": 1
    }  # fmt: skip


async def test_what_is_no_scan_or_not_what_was_announced_is_refused_and_nothing_stays(service: Service) -> None:
    id = await enrolment(service)
    program = b"MZ\x90\x00" + bytes(2000)
    for what, announced, sent, status, code in (
        ("a program, at its first piece", bytes(5000) + PDF, program, 415, "scan-media-type"),
        ("another file of the same size", PDF, PDF[:-1] + b"x", 422, "upload-damaged"),
        ("more than was announced", PDF[:50], PDF[:60], 413, "upload-too-long"),
        ("half a photograph", paper.photograph()[:400], paper.photograph()[:400], 422, "scan-broken"),
        ("a piece that is too large", bytes(3 * MEBIBYTE), bytes(MEBIBYTE + 1), 413, "upload-piece-too-large"),
    ):
        answer = await send(service, await begin(service, id, announced), 0, sent)
        assert (answer.status_code, answer.json()["code"]) == (status, code), what
        found = await left(service)
        assert found["upload_pieces.files"] == found["scans.files"] == 0, what
    plain = await service.call("PATCH", await begin(service, id), headers={"Upload-Offset": "0"})
    assert (plain.status_code, plain.json()["code"]) == (415, "upload-not-partial")
    assert (await service.see(id))["scans"] == []


async def test_what_may_not_be_handed_in_is_said_before_the_first_byte(service: Service) -> None:
    id = await enrolment(service)
    path = f"/v1/applications/{id}/uploads"
    for other, status, code in (
        ({"size": 0}, 422, "scan-empty"),
        ({"size": 41 * MEBIBYTE}, 413, "scan-too-large"),
        ({"requirement": "passport"}, 422, "scan-unknown-requirement"),
        ({"document_type": "id-card"}, 422, "scan-document-type"),
        ({"sha256": "none"}, 422, "invalid-input"),
    ):
        answer = await service.call("POST", path, told_of(PDF, **other))
        assert (answer.status_code, answer.json()["code"]) == (status, code), other
    for number in range(5):
        await begin(service, id, PDF + bytes(number))
    more = await service.call("POST", path, told_of(PDF + bytes(9)))
    assert (more.status_code, more.json()["code"]) == (409, "too-many-uploads")
    stranger = await service.call("POST", path, told_of(PDF), by="senior")
    assert stranger.status_code == 404


async def test_another_persons_upload_is_not_there(service: Service) -> None:
    id = await enrolment(service)
    path = await begin(service, id)
    own = await service.drafts({"item": "senior-card"}, by="senior")
    beside = path.replace(id, own)
    for address, by in ((path, "senior"), (beside, "senior"), (beside, "newcomer")):
        for method in ("GET", "HEAD", "DELETE"):
            assert (await service.call(method, address, by=by)).status_code == 404
        assert (await send(service, address, 0, PDF, by=by)).status_code == 404
    assert await offset_of(service, path) == 0


async def test_what_is_given_up_or_submitted_meanwhile_takes_no_more(service: Service) -> None:
    id = await enrolment(service)
    path = await begin(service, id)
    await send(service, path, 0, PDF[:100])
    assert (await service.call("DELETE", path)).status_code == 204
    assert (await send(service, path, 100, PDF[100:])).status_code == 404
    assert await left(service) == {
        "uploads": 0, "upload_pieces.files": 0, "upload_pieces.chunks": 0, "scans.files": 0
    }  # fmt: skip
    path = await begin(service, id)
    await hand_in(service, id)
    await service.submits(id)
    late = await send(service, path, 0, PDF)
    assert (late.status_code, late.json()["code"]) == (409, "already-submitted")


async def test_pieces_that_no_upload_took_are_swept(service: Service) -> None:
    id = await enrolment(service)
    path = await begin(service, id)
    await send(service, path, 0, PDF[:100])
    deps = service.app.state.deps
    await deps.pieces.put(StoredFile("piece_lost", path.rpartition("/")[2]), b"lost", "application/octet-stream")
    await service.database["upload_pieces.files"].update_many(
        {}, {"$set": {"uploadDate": utc_now() - timedelta(hours=2)}}
    )
    await uploads.sweep(deps)
    assert (await left(service))["upload_pieces.files"] == 1
    assert (await send(service, path, 100, PDF[100:])).json()["scan_id"]


async def test_what_describes_the_file_is_sealed(service: Service) -> None:
    id = await enrolment(service)
    await begin(service, id)
    (kept,) = await service.database["uploads"].find({}).to_list()
    assert not {"name", "sha256"} & set(kept)
    assert set(documents.SEALED["uploads"]) == {"name", "sha256"}
