"""Whatever text or QR code is presented: it is read or refused, and never counts by accident."""

from __future__ import annotations

import random
import sys
import zlib
from base64 import b32encode
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credential_desk import ISSUER, NOTHING_ASKED, NOW, TRUSTED, TYPES, Desk, permit
from credential_store.domain import compact, signed
from credential_store.domain.credential import CredentialPlace
from credential_store.domain.sd_jwt import NotSdJwtError
from credential_store.domain.verdict import judge


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_qr_code_holds_the_same_in_less(desk: Desk) -> None:
    it = await desk.shows("name", "address")
    packed = compact.pack(it)
    assert compact.unpack(packed) == it.text
    assert len(packed) < len(it.text) * 0.8
    assert (await desk.finds(packed)).is_valid


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xff", bytes(100_000), b"\x00\x05ab", b"\x00\x00" * 20_000], ids=len
)
async def test_what_unpacks_to_nonsense_is_malformed(desk: Desk, content: bytes) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = compact.PREFIX + b32encode(deflate.compress(content) + deflate.flush()).decode().rstrip("=")
    assert (await desk.finds(text)).reasons == ("malformed",)


@settings(max_examples=300)
@given(st.text() | st.text("AB234567=~.").map(lambda it: compact.PREFIX + it) | st.binary().map(str))
def test_any_text_has_a_verdict_and_none_counts(text: str) -> None:
    assert not judge(text, NOTHING_ASKED, TRUSTED, NOW).is_valid


def test_no_single_changed_character_makes_another_presentation_that_counts() -> None:
    seed = random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    it = permit()
    whole = signed.sign(it, it.issues[0], CredentialPlace(list=3, index=77), ISSUER, TYPES, NOW).text
    later = NOW + timedelta(hours=1)
    assert judge(whole, NOTHING_ASKED, TRUSTED, later).is_valid
    for _ in range(150):
        place = chance.randrange(len(whole))
        other = chance.choice("ABCabc019-_.~ ")
        changed = whole[:place] + other + whole[place + 1 :]
        if changed != whole:
            assert not judge(changed, NOTHING_ASKED, TRUSTED, later).is_valid, place


def test_a_text_that_is_no_presentation_is_never_unpacked_without_end() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(bytes(50_000_000)) + bomb.flush()
    with pytest.raises(NotSdJwtError):
        compact.unpack(compact.PREFIX + b32encode(packed).decode().rstrip("="))
