"""Scans are made anew: what they show stays, whatever else they carry goes, and no file takes the service with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from typing import cast

import pikepdf
import pytest
from PIL import Image, ImageChops

from runtime.errors import Refusal
from scans import pictures as scan_pictures
from scans import sanitisation
from scans.sanitiser import LIMITS, Sanitiser
from services.applications.tests import paper
from testkit.growth import assert_linear
from web.rates import TooMany

PNG, JPEG, PDF = "image/png", "image/jpeg", "application/pdf"


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def differ(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any pixel, in steps of 255."""
    extrema = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(highest for _, highest in cast("tuple[tuple[int, int], ...]", extrema))


@pytest.mark.parametrize("piece", ["\xff", "\xff\x00", "\xff\xd0", "\xff\x01", "\xff\xc4\x00\x02", "\xff\xda\x00\x02"])
def test_a_picture_is_followed_in_linear_time(piece: str) -> None:
    def follow(text: str) -> None:
        with suppress(ValueError):
            scan_pictures.of_jpeg(b"\xff\xd8" + text.encode("latin-1"))

    assert_linear(follow, piece)


def test_a_photograph_no_longer_tells_where_it_was_taken() -> None:
    before = paper.photograph()
    assert before.count(paper.WHERE.encode()) >= 3
    after = sanitisation.sanitised(before, JPEG)
    assert paper.WHERE.encode() not in after
    assert (opened(after).size, dict(opened(after).getexif()), opened(after).info.get("comment")) == (
        (60, 40),
        {},
        None,
    )
    assert differ(opened(before), opened(after)) <= 16  # the same quality as before


def test_a_photograph_taken_sideways_stands_upright() -> None:
    after = opened(sanitisation.sanitised(paper.photograph(orientation=6), JPEG))
    assert after.size == (40, 60)
    red, green, _ = cast("tuple[int, int, int]", after.convert("RGB").getpixel((35, 5)))
    assert red > 150 > green  # the corner that was upper left


def test_a_drawing_keeps_every_pixel_and_nothing_else() -> None:
    after = sanitisation.sanitised(paper.drawing(), PNG)
    assert paper.WHERE.encode() not in after
    assert differ(opened(after), paper.picture()) == 0
    assert sanitisation.sanitised(after, PNG) == after


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x03\x04 an archive", b"MZ\x90\x00" + bytes(300)])
def test_a_picture_that_is_something_else_as_well_is_only_a_picture(tail: bytes) -> None:
    assert tail not in sanitisation.sanitised(paper.drawing() + tail, PNG)
    assert tail not in sanitisation.sanitised(paper.photograph() + tail, JPEG)


def test_a_document_runs_nothing_carries_nothing_and_names_nobody() -> None:
    after = sanitisation.sanitised(paper.page(), PDF)
    with pikepdf.open(BytesIO(after)) as pdf:
        assert len(pdf.pages) == 1
        assert "/Info" not in pdf.trailer
        assert not {"/OpenAction", "/Metadata", "/AF"} & set(pdf.Root.keys())
        assert len(pdf.attachments) == 0
        shown = pdf.pages[0].get_images()["/Im0"]
        assert paper.WHERE.encode() not in shown.read_raw_bytes()
        assert differ(opened(paper.photograph()), opened(shown.read_raw_bytes())) == 0
        everything = pdf.trailer.unparse(resolved=True) + b"".join(
            each.unparse(resolved=True) if not isinstance(each, pikepdf.Stream) else each.read_raw_bytes()
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary | pikepdf.Stream)
        )
    for gone in (paper.WHERE.encode(), b"JavaScript", b"alert", b"something else"):
        assert gone not in everything


def test_a_cleaned_document_is_clean() -> None:
    once = sanitisation.sanitised(paper.page(), PDF)
    assert sanitisation.sanitised(once, PDF) == once


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (paper.bomb(), PNG, "scan-too-many-pixels"),
        (paper.photograph()[:400], JPEG, "scan-broken"),
        (paper.drawing()[:60], PNG, "scan-broken"),
        (b"\x89PNG\r\n\x1a\n", PNG, "scan-broken"),
        (b"%PDF-1.7 nothing", PDF, "scan-broken"),
        (paper.page()[: len(paper.page()) // 2], PDF, "scan-broken"),
        (paper.page()[:-40], PDF, "scan-broken"),
        (paper.drawing(), JPEG, "scan-broken"),
        (paper.page(101), PDF, "scan-too-many-pages"),
        (paper.locked(), PDF, "scan-encrypted"),
    ],
)
def test_what_cannot_be_read_by_a_person_is_refused(content: bytes, kind: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        sanitisation.sanitised(content, kind)


@pytest.fixture
async def sanitiser() -> AsyncIterator[Sanitiser]:
    sanitiser = Sanitiser()
    running = asyncio.create_task(sanitiser.run())
    yield sanitiser
    await sanitiser.stop()
    await running


async def test_it_happens_in_a_process_that_tells_why_it_refused(sanitiser: Sanitiser) -> None:
    assert await sanitiser.sanitise(paper.photograph(), JPEG, "res_1") == sanitisation.sanitised(
        paper.photograph(), JPEG
    )
    with pytest.raises(Refusal) as refused:
        await sanitiser.sanitise(paper.bomb(), PNG, "res_1")
    assert (refused.value.code, refused.value.params) == ("scan-too-many-pixels", {"most": 50})


async def test_many_at_once_each_get_their_own(sanitiser: Sanitiser) -> None:
    handed_in = [(paper.photograph(orientation=turn), JPEG) for turn in range(1, 9)] + [(paper.drawing(), PNG)]
    made = await asyncio.gather(*(sanitiser.sanitise(*each, f"res_{n}") for n, each in enumerate(handed_in)))
    assert made == [sanitisation.sanitised(*each) for each in handed_in]


async def test_one_person_with_forty_eight_files_holds_up_nobody_else(sanitiser: Sanitiser) -> None:
    hoard = [asyncio.create_task(sanitiser.sanitise(paper.photograph(), JPEG, "hoarder")) for _ in range(48)]
    await asyncio.sleep(0)
    assert await sanitiser.sanitise(paper.drawing(), PNG, "res_2") == sanitisation.sanitised(paper.drawing(), PNG)
    results = await asyncio.gather(*hoard, return_exceptions=True)
    assert sum(isinstance(result, bytes) for result in results) == LIMITS.of_one_person
    assert sum(isinstance(result, TooMany) for result in results) == 48 - LIMITS.of_one_person


async def test_whoever_gives_up_leaves_no_answer_behind(sanitiser: Sanitiser) -> None:
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await sanitiser.sanitise(paper.photograph(), JPEG, "res_1")
    assert await sanitiser.sanitise(paper.drawing(), PNG, "res_1") == sanitisation.sanitised(paper.drawing(), PNG)


@pytest.mark.parametrize("place", ["contents", "picture", "picture, thrice"])
async def test_a_page_that_unfolds_to_more_than_fits_is_refused_in_time(sanitiser: Sanitiser, place: str) -> None:
    with pytest.raises(Refusal, match="scan-"):
        await sanitiser.sanitise(paper.unfolding_part(place), PDF, "res_1")
    assert await sanitiser.sanitise(paper.drawing(), PNG, "res_1") == sanitisation.sanitised(paper.drawing(), PNG)


async def test_a_document_that_unfolds_to_more_than_fits_ends_nothing_but_itself(sanitiser: Sanitiser) -> None:
    content = paper.unfolding_page()
    assert len(content) < 1_000_000
    with pytest.raises(Refusal, match="scan-broken"):
        await sanitiser.sanitise(content, PDF, "res_1")
    assert await sanitiser.sanitise(paper.drawing(), PNG, "res_1") == sanitisation.sanitised(paper.drawing(), PNG)
