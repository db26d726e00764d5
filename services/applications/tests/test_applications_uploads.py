"""Scans over HTTP: what is taken, what is refused, and that nothing of what is refused stays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import httpx

from scans import sanitisation
from services.applications.tests import paper
from services.applications.tests.office import ENROLMENT
from services.applications.tests.service import Service

PDF = sanitisation.sanitised(paper.page(), "application/pdf")
FIELDS = {"requirement": "birth-certificate", "document_type": "birth-certificate"}


async def enrolment(service: Service) -> str:
    await service.knows("newcomer", "child", "senior")
    await service.has_guardian("newcomer", "child")
    return await service.drafts({"item": "school-enrolment", "subject_id": "child", "form": ENROLMENT})


async def hand_in(
    service: Service,
    id: str,
    content: bytes = PDF,
    *,
    name: str = "出生证.pdf",
    fields: Mapping[str, str] = FIELDS,
    headers: Mapping[str, str] | None = None,
    by: str = "newcomer",
) -> httpx.Response:
    files = {"file": (name, content, "application/pdf")}
    path = f"/v1/applications/{id}/scans"
    return await service.call("POST", path, files=files, data=fields, headers=headers, by=by)


async def test_a_scan_is_handed_in_seen_sent_and_looked_at_with_a_purpose(service: Service) -> None:
    id = await enrolment(service)
    answer = await hand_in(service, id)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"2"')
    (scan,) = answer.json()["scans"]
    assert (scan["media_type"], scan["size"]) == ("application/pdf", len(PDF))
    path = f"/v1/applications/{id}/scans/{scan['scan_id']}"
    own = await service.call("GET", path)
    assert (own.content, own.headers["content-type"], own.headers["X-Content-Type-Options"]) == (
        PDF, "application/pdf", "nosniff"
    )  # fmt: skip
    await service.submits(id)
    documents = (await service.next_event("document-submitted", 2))["data"]["documents"]
    [sent] = [each for each in documents if each["requirement"] == "birth-certificate"]
    assert [each["scan_id"] for each in sent["scans"]] == [scan["scan_id"]]
    reviewing = partial(service.call, "GET", by="wang", role="reviewer", departments=["health"])
    early = await reviewing(f"{path}?purpose=审核出生医学证明")
    await service.claims(id, "birth-certificate", "wang")
    silent = await reviewing(path)
    looked = await reviewing(f"{path}?purpose=审核出生医学证明")
    other = await service.call("GET", f"{path}?purpose=x", by="li", role="reviewer", departments=["health"])
    stranger = await service.call("GET", path, by="senior")
    assert [each.status_code for each in (early, silent, looked, other, stranger)] == [403, 422, 200, 403, 404]
    assert looked.content == PDF
    told = [(await service.next_event("data-accessed"))["data"] for _ in range(2)]
    assert {look["holder"]["resident_id"] for look in told} == {"newcomer", "child"}
    for look in told:
        assert (look["by"]["subject"], look["how"], look["purpose"]) == ("wang", "opened", "审核出生医学证明")


FOREIGN = {
    "zero bytes": (b"", "empty.pdf", 422, "scan-empty"),
    "a renamed .exe": (b"MZ\x90\x00" + b"\x00" * 500, "扫描.jpg", 415, "scan-media-type"),
    "a page that mentions PDF": (b"<html>%PDF-1.7", "page.pdf", 415, "scan-media-type"),
    "a little too large": (b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "big.jpg", 413, "scan-too-large"),
    "50 MB": (b"%PDF-" + bytes(50_000_000), "huge.pdf", 413, "scan-too-large"),
    "a few kilobytes that unfold to 900 million pixels": (paper.bomb(), "small.png", 422, "scan-too-many-pixels"),
    "half a photograph": (paper.photograph()[:400], "half.jpg", 422, "scan-broken"),
    "a locked document": (paper.locked(), "locked.pdf", 422, "scan-encrypted"),
}


async def test_a_foreign_file_is_refused_and_nothing_is_left_behind(service: Service) -> None:
    id = await enrolment(service)
    for what, (content, name, status, code) in FOREIGN.items():
        answer = await hand_in(service, id, content, name=name)
        assert (answer.status_code, answer.json()["code"]) == (status, code), what
    counts = await service.counts()
    assert (counts["scans.files"], counts["scans.chunks"]) == (0, 0)
    assert (await service.see(id))["scans"] == []


async def test_what_a_photograph_tells_besides_its_picture_is_not_kept(service: Service) -> None:
    id = await enrolment(service)
    content = paper.photograph() + b"<script>alert(1)</script>"
    (scan,) = (await hand_in(service, id, content, name="IMG_1.jpg")).json()["scans"]
    kept = (await service.call("GET", f"/v1/applications/{id}/scans/{scan['scan_id']}")).content
    assert kept.startswith(b"\xff\xd8")
    assert scan["size"] == len(kept)
    assert paper.WHERE.encode() not in kept
    assert b"script" not in kept


async def test_a_scan_says_what_it_is_for(service: Service) -> None:
    id = await enrolment(service)
    for fields, code in (
        ({"requirement": "birth-certificate"}, "upload-field-missing"),
        ({**FIELDS, "requirement": "passport"}, "scan-unknown-requirement"),
        ({**FIELDS, "document_type": "id-card"}, "scan-document-type"),
    ):
        answer = await hand_in(service, id, fields=fields)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await service.counts())["scans.files"] == 0


async def test_an_upload_without_a_file_or_that_is_no_form_is_refused(service: Service) -> None:
    id = await enrolment(service)
    path = f"/v1/applications/{id}/scans"
    nothing = await service.call("POST", path, files={"other": ("a.pdf", PDF, "application/pdf")}, data=FIELDS)
    json = await service.call("POST", path, {"file": "x"})
    headers = {"Content-Type": "multipart/form-data"}
    broken = await service.call("POST", path, headers=headers, data=FIELDS)
    assert [each.json()["code"] for each in (nothing, json, broken)] == [
        "scan-missing", "upload-not-multipart", "upload-not-readable"
    ]  # fmt: skip


async def test_a_repeated_upload_is_taken_once(service: Service) -> None:
    id = await enrolment(service)
    key = {"Idempotency-Key": "u1"}
    first = await hand_in(service, id, headers=key)
    again = await hand_in(service, id, headers=key)
    other = await hand_in(service, id, paper.photograph(), headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == again.json()
    assert (await service.counts())["scans.files"] == 1


async def test_an_upload_on_an_older_version_leaves_nothing(service: Service) -> None:
    id = await enrolment(service)
    answer = await hand_in(service, id, headers={"If-Match": '"7"'})
    assert answer.status_code == 412
    assert (await service.counts())["scans.files"] == 0


async def test_a_scan_is_taken_back_until_it_is_submitted(service: Service) -> None:
    id = await enrolment(service)
    for _ in range(2):
        await hand_in(service, id)
    first, second = (await service.see(id))["scans"]
    taken = await service.call("DELETE", f"/v1/applications/{id}/scans/{first['scan_id']}")
    assert [each["scan_id"] for each in taken.json()["scans"]] == [second["scan_id"]]
    assert (await service.counts())["scans.files"] == 1
    await service.submits(id)
    late = await service.call("DELETE", f"/v1/applications/{id}/scans/{second['scan_id']}")
    more = await hand_in(service, id)
    assert (late.status_code, more.status_code) == (409, 409)
    assert (await service.counts())["scans.files"] == 1
