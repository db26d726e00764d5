from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx
import pikepdf
import pytest
from PIL import ExifTags, Image, ImageChops
from pymongo import AsyncMongoClient

from synthetic.caller import Caller, Nothing, Problem
from tests.end_to_end.town import Town, refusal
from tests.journeys import portal, scans

MEGABYTE = 1024 * 1024
PHOTOGRAPHS = {file.stem: file.read_bytes() for file in sorted((Path(__file__).parent / "data").glob("gps-*.pdf"))}
NOTED = (b"PhoneMaker", b"Exif", b"GPS")
"""What stands in the photographs of these documents: the maker of the phone, and where they were taken."""
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(500)


async def _draft(town: Town) -> tuple[Caller, str]:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    return resident, await portal.draft(resident, "residence-permit", {"address": made.home.address})


async def _left_in_the_store(town: Town, application: str) -> int:
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(town.stack.mongodb_url)
    async with client:
        return await client["applications"]["scans.files"].count_documents({"metadata.application_id": application})


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "nothing.png", 422, "scan-empty"),
        (EXE, "portrait.png", 415, "scan-media-type"),
        (b"<html><script>alert(1)</script></html>", "page.pdf", 415, "scan-media-type"),
        (scans.png() + bytes(11 * MEGABYTE), "large.png", 413, "scan-too-large"),
    ],
    ids=["zero bytes", "a renamed exe", "a page that calls itself a document", "eleven megabytes"],
)
async def test_a_scan_that_is_none_is_refused_and_not_kept(
    town: Town, content: bytes, name: str, status: int, code: str
) -> None:
    resident, application = await _draft(town)
    fields = {"requirement": "photo", "document_type": "portrait-photo"}
    asked = resident.upload(
        f"/v1/applications/{application}/scans", Nothing, file=(name, content, "image/png"), fields=fields
    )
    problem = await refusal(asked)
    assert (problem.status, problem.code) == (status, code)
    assert problem.action
    assert await _left_in_the_store(town, application) == 0
    assert (await portal.see(resident, application)).state == "draft"


async def test_fifty_megabytes_are_not_even_read(town: Town) -> None:
    resident, application = await _draft(town)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(MEGABYTE)

    async with httpx.AsyncClient(base_url=town.stack.gateway_url, verify=town.stack.trusted) as client:
        answer = await client.post(
            f"/v1/applications/{application}/scans",
            content=endless(),
            headers={
                "Authorization": f"Bearer {resident.token}",
                "Content-Type": "multipart/form-data; boundary=x",
                "Content-Length": str(50 * MEGABYTE),
                "Accept-Language": "en",
            },
        )
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.code) == (413, "too-large")
    assert problem.title.isascii()
    assert await _left_in_the_store(town, application) == 0


async def test_a_scan_for_a_document_that_nobody_asked_for(town: Town) -> None:
    resident, application = await _draft(town)
    problem = await refusal(portal.hand_in(resident, application, "dog-licence", "id-card", scans.png()))
    assert (problem.status, problem.code) == (422, "scan-unknown-requirement")
    problem = await refusal(portal.hand_in(resident, application, "photo", "bank-account", scans.png()))
    assert (problem.status, problem.code) == (422, "scan-document-type")
    assert await _left_in_the_store(town, application) == 0


async def test_an_upload_without_a_file(town: Town) -> None:
    resident, application = await _draft(town)
    problem = await refusal(resident.post(f"/v1/applications/{application}/scans", Nothing, {"file": "none"}))
    assert (problem.status, problem.code) == (415, "upload-not-multipart")


async def test_good_scans_of_every_kind_are_taken(town: Town) -> None:
    resident, application = await _draft(town)
    path, fields = f"/v1/applications/{application}/scans", {"requirement": "photo", "document_type": "portrait-photo"}
    jpeg = BytesIO()
    Image.new("RGB", (30, 20), "grey").save(jpeg, "JPEG")
    for name, content in (("a.bin", scans.png(1)), ("b.bin", scans.pdf()), ("c.bin", jpeg.getvalue())):
        await resident.upload(path, Nothing, file=(name, content, "application/octet-stream"), fields=fields)
    assert await _left_in_the_store(town, application) == 3


def _unpacked(stream: pikepdf.Stream) -> bytes:
    """Undo what a stream is packed with, down to a picture's own compression."""
    content, filters = stream.read_raw_bytes(), stream.get("/Filter", pikepdf.Array())
    for each in filters if isinstance(filters, pikepdf.Array) else [filters]:
        match str(each):
            case "/FlateDecode":
                content = zlib.decompress(content)
            case "/ASCII85Decode":
                content = base64.a85decode(content.strip().removesuffix(b"~>"))
    return content


def _marks(pdf: bytes) -> set[bytes]:
    """Return what a phone notes that stands in a document: its bytes, its streams, the notes of its pictures."""
    found: set[bytes] = set()
    with pikepdf.open(BytesIO(pdf)) as document:
        for stream in (each for each in document.objects if isinstance(each, pikepdf.Stream)):
            content = _unpacked(stream)
            found |= {mark for mark in NOTED if mark in content}
            if stream.get("/Subtype") == "/Image" and content.startswith(b"\xff\xd8"):
                shown = Image.open(BytesIO(content))
                shown.load()
                found |= {b"GPS"} if shown.getexif().get_ifd(ExifTags.IFD.GPSInfo) else set()
    return found | {mark for mark in NOTED if mark in pdf}


@pytest.mark.parametrize("given", PHOTOGRAPHS.values(), ids=PHOTOGRAPHS)
async def test_a_document_around_a_phones_photograph_comes_back_without_what_the_phone_noted(
    town: Town, given: bytes
) -> None:
    assert _marks(given) == {b"PhoneMaker", b"Exif", b"GPS"}
    resident, application = await _draft(town)
    fields = {"requirement": "photo", "document_type": "portrait-photo"}
    path = f"/v1/applications/{application}/scans"
    await resident.upload(path, Nothing, file=("photo.pdf", given, "application/pdf"), fields=fields)
    scan = (await resident.get(f"/v1/applications/{application}", _WithScans)).scans[0]
    kept = (await resident.send("GET", f"{path}/{scan.scan_id}")).content
    assert _marks(kept) == set()
    with pikepdf.open(BytesIO(kept)) as document:
        streams = [each for each in document.objects if isinstance(each, pikepdf.Stream)]
        [picture] = [each for each in streams if each.get("/Subtype") == "/Image"]
        shown = pikepdf.PdfImage(picture).as_pil_image()
        shown.load()
        assert min(shown.size) > 1


async def test_a_strangers_scan_is_not_shown(town: Town) -> None:
    resident, application = await _draft(town)
    await portal.hand_in(resident, application, "photo", "portrait-photo", scans.png())
    scan = (await resident.get(f"/v1/applications/{application}", _WithScans)).scans[0]
    path = f"/v1/applications/{application}/scans/{scan.scan_id}"
    stranger = await town.welcome(town.meet("senior"))
    assert (await refusal(stranger.get(path, Nothing))).status == 404
    reviewer = town.worker("reviewer", "r-1", department="edu")
    assert (await refusal(reviewer.get(path, Nothing, {"purpose": "looking around"}))).status == 403
    kept = Image.open(BytesIO((await resident.send("GET", path)).content))
    assert ImageChops.difference(kept, Image.open(BytesIO(scans.png()))).getbbox() is None  # every pixel


class _Scan(Nothing):
    scan_id: str


class _WithScans(Nothing):
    scans: tuple[_Scan, ...]
