import base64
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import today, utc_now
from runtime.errors import PreconditionFailed, Refusal, TextKey, check_version
from runtime.ids import new_id
from runtime.texts import Texts, choose, of_page
from standards.bounds import LARGEST
from store.blind_index import BlindIndex
from web.pages import decode, encode, page, seal_with

KEY = bytes(range(32))


def test_ids_are_unique_and_sort_by_the_time_of_their_making() -> None:
    ids = [new_id("app") for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert [each[:14] for each in ids] == sorted(each[:14] for each in ids)


def test_a_number_has_one_index_however_it_is_written() -> None:
    index = BlindIndex(KEY)

    assert (
        index.of("11010519491231002x")
        == index.of("１１０１０５１９４９１２３１００２Ｘ")
        == index.of(" 11010519491231002X ")
        == index.of("\ufeff11010519491231002X\0\0")
    )
    assert index.of("11010519491231002X") != BlindIndex(KEY[::-1]).of("11010519491231002X")


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "blind-index.key"
    short.write_text("00" * 16)

    with pytest.raises(ValueError, match="at least 32 bytes"):
        BlindIndex.from_file(short)


def test_the_key_does_not_show_when_it_is_printed() -> None:
    assert KEY.hex() not in repr(BlindIndex(KEY))
    assert repr(KEY) not in repr(BlindIndex(KEY))


def test_a_day_begins_at_midnight_in_shenzhen() -> None:
    assert today(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)).isoformat() == "2026-11-23"
    assert today(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)).isoformat() == "2026-11-22"


def test_the_clock_keeps_what_the_store_keeps() -> None:
    assert utc_now().microsecond % 1000 == 0


@given(st.lists(st.one_of(st.text(), st.integers(-LARGEST, LARGEST), st.none()), max_size=4))
def test_a_cursor_gives_back_the_key_that_it_was_made_of(key: list[str | int | None]) -> None:
    assert decode(encode(key)) == key


@given(st.text(max_size=60))
def test_any_other_cursor_is_refused_or_harmless(text: str) -> None:
    with suppress(Refusal):
        assert isinstance(decode(text), list)


def test_a_cursor_shows_nothing_of_what_it_holds_and_is_nobody_elses_to_make() -> None:
    sealed = encode(["2026-11-23T04:00:00.123456+00:00", "app_1"])
    content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert b"2026" not in content
    assert b"app_1" not in content
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        with pytest.raises(Refusal, match="bad-cursor"):
            decode(base64.urlsafe_b64encode(changed).decode())
    seal_with(KEY)
    other = encode([1])
    seal_with(KEY[::-1])
    assert (decode(other), decode(sealed), decode(encode([2]))) == ([1], decode(sealed), [2])


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    everything = list(range(45))
    shown: list[int] = []
    after = -1
    while True:
        found = [number for number in everything if number > after][: 20 + 1]
        part = page(found, 20, key=lambda number: [number], view=lambda number: number)
        shown += part.items
        if part.next is None:
            break
        after = int(str(decode(part.next)[0]))

    assert shown == everything


def test_an_older_version_is_refused_and_an_unsaid_one_is_not() -> None:
    check_version(3, None)
    check_version(3, 3)
    with pytest.raises(PreconditionFailed):
        check_version(3, 2)


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "zh-CN"), ("en-GB,en;q=0.9", "en"), ("zh-TW", "zh-CN"), ("fr, en;q=0.5", "en"), ("fr", "zh-CN")],
)
def test_the_callers_language_is_chinese_unless_english_is_preferred(header: str | None, language: str) -> None:
    assert choose(header) == language


@pytest.mark.parametrize(
    ("chosen", "header", "language"),
    [("en", "zh-CN", "en"), ("zh-CN", "en", "zh-CN"), (None, "en", "en"), ("fr", "en", "en"), ("", None, "zh-CN")],
)
def test_on_a_page_the_language_that_was_chosen_counts(chosen: str | None, header: str | None, language: str) -> None:
    assert of_page(chosen, header) == language


@pytest.mark.parametrize("content", ["[1" + "0" * 30 + "]", "[" * 5_000, "[1.5]", "{}", "[-9223372036854775808]"])
def test_a_cursor_that_we_did_not_write_is_refused(content: str) -> None:
    text = base64.urlsafe_b64encode(content.encode()).decode()
    with pytest.raises(Refusal, match="bad-cursor"):
        decode(text)


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "2026年2月3日"), ("en", "3 February 2026")])
def test_a_day_that_a_text_mentions_is_written_in_words(language: str, said: str) -> None:
    for day in (date(2026, 2, 3), TextKey("none", day=date(2026, 2, 3)).params["day"]):
        assert Texts.of("runtime").say(language, "rules.greater_than_equal-day", ge=day).count(said) == 1
