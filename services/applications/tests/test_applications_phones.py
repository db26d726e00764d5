"""PDFs around a phone's photograph: what they show stays, and nothing of who took it where is in what is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from runtime.errors import Refusal
from scans import kinds, leftovers, sanitisation
from scans import pictures as scan_pictures
from services.applications.tests import paper, phone
from services.applications.tests.test_applications_sanitisation import differ, opened

PDF = "application/pdf"
SEED = 20261129


def everything(content: bytes) -> Iterator[bytes]:
    """Give all that is in a PDF, packed and unpacked."""
    yield content
    with pikepdf.open(BytesIO(content)) as pdf:
        yield pdf.trailer.unparse(resolved=True)
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                yield thing.read_raw_bytes()
                yield pikepdf.Dictionary({name: thing[name] for name in list(thing.keys())}).unparse()
                try:
                    yield thing.read_bytes(pikepdf.StreamDecodeLevel.specialized)
                except pikepdf.PdfError:
                    continue
            else:
                yield thing.unparse()


def pictures(thing: pikepdf.Object) -> Iterator[pikepdf.Stream]:
    """Give the images that a page's resources name, those within forms, too."""
    for each in thing.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary()).as_dict().values():
        if isinstance(each, pikepdf.Stream) and each.Subtype == pikepdf.Name.Image:
            yield each
        yield from pictures(each)


def shown(content: bytes) -> Image.Image:
    """Return the picture that a page shows."""
    with pikepdf.open(BytesIO(content)) as pdf:
        [picture] = pictures(pdf.pages[0].obj)
        raw = picture.read_raw_bytes()
        if picture.get("/Filter") in {pikepdf.Name.DCTDecode, pikepdf.Name.JPXDecode}:
            found = opened(raw)
            found.load()
            assert not dict(found.getexif())
            assert not {"comment", "exif", "icc_profile", "xmp"} & set(found.info)
            return found.convert("RGB")
        return pikepdf.PdfImage(picture).as_pil_image().convert("RGB")


@pytest.mark.parametrize("name", phone.photographs())
def test_a_photograph_in_a_pdf_stays_and_tells_nothing(name: str) -> None:
    content = phone.photographs()[name]
    assert kinds.media_type_of(content) == PDF
    kept = sanitisation.sanitised(content, PDF)
    for part in everything(kept):
        for told in phone.TOLD:
            assert told not in part
    assert differ(shown(kept), paper.picture()) <= 70  # as JPEG has it
    assert differ(shown(sanitisation.sanitised(kept, PDF)), shown(kept)) == 0


def test_what_a_note_shows_is_drawn_into_the_page() -> None:
    kept = sanitisation.sanitised(phone.photographs()["everywhere else, too"], PDF)
    with pikepdf.open(BytesIO(kept)) as pdf:
        forms = pdf.pages[0].Resources.XObject.as_dict().values()
        assert [each.read_bytes().split() for each in forms if each.Subtype == pikepdf.Name.Form] == [
            b"1 0 0 rg 0 0 20 20 re f".split()
        ]


def test_a_jpeg_is_kept_to_the_pixel() -> None:
    kept = sanitisation.sanitised(phone.document(), PDF)
    assert differ(shown(kept), opened(phone.photograph())) == 0


@pytest.mark.parametrize("is_black_one", [True, False])
@pytest.mark.parametrize("k", [-1, 0, 4])
def test_a_fax_stays_and_tells_nothing(k: int, is_black_one: bool) -> None:  # noqa: FBT001 - both ways of it
    kept = sanitisation.sanitised(phone.faxed(k, is_black_one=is_black_one), PDF)
    black = Image.new("L", phone.SIZE, 255)
    before = paper.picture().convert("1")  # what is 1 in it was sent as black
    black.paste(0, mask=before)
    assert differ(shown(kept), before if is_black_one else black) == 0
    for part in everything(kept):
        for told in phone.TOLD:
            assert told not in part


def test_colours_of_a_table_stay_and_tell_nothing() -> None:
    kept = sanitisation.sanitised(phone.in_colours_of_a_table(), PDF)
    assert differ(shown(kept), Image.new("RGB", phone.SIZE, (250, 5, 5))) == 0
    for part in everything(kept):
        for told in phone.TOLD:
            assert told not in part


def test_a_picture_that_cannot_be_followed_is_refused() -> None:
    jpeg = phone.photograph()
    refused = 0
    for data, filters in (
        (b"nothing", pikepdf.Name.DCTDecode),
        (jpeg[:300], pikepdf.Name.DCTDecode),
        (phone.jpeg2000(boxes=True)[:150], pikepdf.Name.JPXDecode),
        (jpeg, pikepdf.Name.JPXDecode),
        (b"\x00\x00\x00\x01\x00", pikepdf.Name.JBIG2Decode),
        (jpeg, pikepdf.Name.Crypt),
        (jpeg, pikepdf.Name.Unheard),
        (jpeg, pikepdf.Array([pikepdf.Name.DCTDecode, pikepdf.Name.FlateDecode])),
    ):
        content = phone.document(lambda pdf, data=data, filters=filters: phone.image(pdf, data, filters))  # type: ignore[misc] # mypy knows no defaults of lambdas
        with pytest.raises(Refusal) as raised:
            sanitisation.sanitised(content, PDF)
        assert raised.value.code in {"scan-not-cleanable", "scan-broken"}
        refused += raised.value.code == "scan-not-cleanable"
    assert refused >= 6


def test_a_pdf_with_a_huge_picture_is_refused() -> None:
    huge = phone.document(
        lambda pdf: phone.image(pdf, phone.photograph(), pikepdf.Name.DCTDecode, Width=30_000, Height=30_000)
    )
    with pytest.raises(Refusal, match="scan-too-many-pixels"):
        sanitisation.sanitised(huge, PDF)
    frame = phone.photograph()
    at = frame.index(b"\xff\xc0")
    frame = frame[: at + 5] + b"\xf0\x00\xf0\x00" + frame[at + 9 :]
    with pytest.raises(Refusal, match="scan-too-many-pixels"):
        sanitisation.sanitised(phone.document(lambda pdf: phone.image(pdf, frame, pikepdf.Name.DCTDecode)), PDF)


def test_what_cleaning_overlooks_is_found_by_the_search_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_pictures, "of_jpeg", lambda jpeg: (jpeg, 1))
    with pytest.raises(Refusal, match="scan-not-cleanable"):
        sanitisation.sanitised(phone.document(), PDF)


@pytest.mark.parametrize("key", ["/Metadata", "/AA", "/PieceInfo", "/Thumb"])
def test_the_search_knows_what_has_no_place_in_a_page(key: str) -> None:
    content = phone.document(
        lambda pdf: phone.image(pdf, phone.samples()),
        lambda pdf: pdf.pages[0].obj.__setitem__(key, pikepdf.Dictionary(X=1)),
    )
    with pytest.raises(leftovers.LeftoverError):
        leftovers.search(content, (), PDF)


def test_whatever_is_changed_in_a_file_it_is_cleaned_or_refused() -> None:
    dice = random.Random(SEED)
    files = list(phone.photographs().values())
    for turn in range(150):
        content = bytearray(dice.choice(files))
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(content))
            content[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
        try:
            kept = sanitisation.sanitised(bytes(content), PDF)
        except Refusal:
            continue
        for part in everything(kept):
            assert b"PhoneMaker" not in part, f"seed {SEED}, turn {turn}"
            assert paper.WHERE.encode() not in part, f"seed {SEED}, turn {turn}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photograph_by_itself_tells_nothing_either(kind: str) -> None:
    content = phone.photograph() if kind == "JPEG" else paper.drawing()
    kept = sanitisation.sanitised(content + phone.MAKER.encode(), f"image/{kind.lower()}")
    for told in phone.TOLD:
        assert told not in kept
