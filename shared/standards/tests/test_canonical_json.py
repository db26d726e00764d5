from __future__ import annotations

import json

import pytest

from standards import base64url, canonical_json


def test_names_stand_in_the_order_of_their_utf_16_code_units() -> None:
    # the example of RFC 8785, section 3.2.3
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    spelt = canonical_json.spell(dict.fromkeys(names, 0))
    assert list(json.loads(spelt)) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


def test_text_is_spelt_as_the_rfc_spells_it() -> None:
    assert canonical_json.spell({"b": ["租", True, None], "a": '"\\\n\x0f'}) == (
        '{"a":"\\"\\\\\\n\\u000f","b":["租",true,null]}'.encode()
    )


def test_the_same_content_has_the_same_digest_whatever_its_order() -> None:
    assert canonical_json.digest({"a": 1, "b": 2}) == canonical_json.digest({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [1.5, 2**53, b"x", {"a": {"b": 0.1}}])
def test_what_readers_would_spell_differently_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no canonical spelling"):
        canonical_json.spell(value)  # type: ignore[arg-type] # what the types forbid, too


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xfb\xef\xbe", b"abcd"])
def test_a_content_in_base64url_comes_back(content: bytes) -> None:
    assert base64url.decode(base64url.encode(content)) == content


@pytest.mark.parametrize("text", ["_w==", "_x", "A", "a b", "a+b/", "é", "ab\n", "ab=="])
def test_a_second_spelling_of_a_content_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the spelling"):
        base64url.decode(text)
