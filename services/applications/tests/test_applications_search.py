"""Finding an item as people type: script, sound, initials, other words, life events, one wrong character."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.domain.catalogue import Catalogue, WantedDocument
from applications.domain.search import MOST_WORDS
from applications.domain.search_index import begins_nearly
from applications.domain.search_words import SearchWords
from services.applications.tests.office import CATALOGUE
from standards.readings import spelled

PERMIT, CARD, ALLOWANCE = "residence-permit", "senior-card", "senior-allowance"
SCHOOL, FILING = "school-enrolment", "rental-contract-filing"


def found(typed: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    return [item.code for item in catalogue.search(WantedDocument(text=typed), after=None, limit=100)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("居住证", PERMIT),
        ("居住證", PERMIT),
        ("ＳＥＮＩＯＲ　ｃａｒｄ", CARD),
        ("juzhuzheng", PERMIT),
        ("ju zhu zheng", PERMIT),
        ("ju'zhu'zheng", PERMIT),
        ("JuZhuZh", PERMIT),
        ("ruxue", SCHOOL),
        ("jzz", PERMIT),
        ("gljt", ALLOWANCE),
        ("gllrjt", ALLOWANCE),
        ("暂住证", PERMIT),
        ("zanzhuzheng", PERMIT),
        ("老人证", CARD),
        ("free travel card", CARD),
        ("lease", FILING),
        ("搬家", FILING),
        ("幼升小", SCHOOL),
        ("retirement", ALLOWANCE),
        ("派出所", PERMIT),
        ("Public Security", PERMIT),
        ("edu", SCHOOL),
        ("民政局", ALLOWANCE),
        ("局住正", PERMIT),
        ("居佳证", PERMIT),
        ("敬老优侍证", CARD),
        ("居证", PERMIT),
        ("高岭津帖", ALLOWANCE),
        ("residense permit", PERMIT),
        ("permti", PERMIT),
        ("enrollmnt", SCHOOL),
        ("juzhuzhen", PERMIT),
        ("juzuzheng", PERMIT),
        ("我要给孩子报名上学", SCHOOL),
        ("怎么办理居住证", PERMIT),
        ("怎么办理居佳证", PERMIT),
        ("怎么办局驻正", PERMIT),
        ("jūzhùzhèng", PERMIT),
        ("zūlìn hétong", FILING),
        ("我妈妈80岁了有什么补贴", ALLOWANCE),
        ("where do I apply for an allowance for my mother", ALLOWANCE),
        ("permits", PERMIT),
        ("how do I get a residence permit", PERMIT),
        ("居住zheng", PERMIT),
        ("房屋租赁凭证", FILING),
        ("senior-allowance", ALLOWANCE),
    ],
)
def test_an_item_is_found_as_people_type_it(typed: str, first: str) -> None:
    assert found(typed)[:1] == [first]


@pytest.mark.parametrize(
    "typed", ["护照", "zzzz", "证件丢了啊哈", "🎉", "%", ".*", "I", "\ud800", "x" * 100, "护照 签证"]
)
def test_what_is_not_there_is_not_found(typed: str) -> None:
    assert found(typed) == []


def test_what_fits_better_comes_first() -> None:
    assert found("老人") == [ALLOWANCE, CARD]
    assert found("高龄") == [ALLOWANCE, CARD]
    assert found("租赁")[0] == FILING
    assert found("搬家") == [FILING, PERMIT, SCHOOL]


def test_words_are_all_wanted_and_half_of_them_when_nothing_has_all() -> None:
    assert found("senior monthly") == [ALLOWANCE]
    assert found("senior card spaceship") == [CARD]
    assert found("residence spaceship telescope") == []


def test_pages_follow_each_other_in_the_order_of_fit() -> None:
    whole, pages = found("老人 孩子"), list[str]()
    while more := CATALOGUE.search(WantedDocument(text="老人 孩子"), after=pages[-1] if pages else None, limit=1):
        pages.append(more[0].code)
    assert pages == whole
    assert len(whole) == 3
    assert CATALOGUE.search(WantedDocument(text="老人"), after="school-enrolment", limit=9) == []


def test_an_item_that_is_retired_is_not_found_and_filters_hold_beside_words() -> None:
    retired = {**CATALOGUE.items, CARD: CATALOGUE.item(CARD).model_copy(update={"retired": True})}
    assert found("老人", Catalogue(retired, CATALOGUE.document_types, CATALOGUE.departments, CATALOGUE.words)) == [
        ALLOWANCE
    ]
    wanted = WantedDocument(text="老人", decision="automatic", grants="senior-card")
    assert [item.code for item in CATALOGUE.search(wanted, after=None, limit=9)] == [CARD]


@pytest.mark.parametrize("code", sorted(CATALOGUE.items))
def test_every_item_is_found_by_its_name_its_sound_and_its_initials(code: str) -> None:
    name = CATALOGUE.item(code).name
    way = spelled(name.zh_cn)[0]
    for typed in (name.zh_cn, name.en, name.en.upper(), "".join(way), " ".join(way), "".join(each[0] for each in way)):
        assert found(typed)[:1] == [code], typed


def _swap(text: str, at: int, other: str) -> str:
    return text[:at] + text[at + 1 :][:1] + text[at] + text[at + 2 :]


WRONG: tuple[Callable[[str, int, str], str], ...] = (
    lambda text, at, other: text[:at] + other + text[at + 1 :],
    lambda text, at, other: text[:at] + other + text[at:],
    lambda text, at, other: text[:at] + text[at + 1 :],
    _swap,
)


@given(
    code=st.sampled_from(sorted(CATALOGUE.items)),
    wrong=st.sampled_from(WRONG),
    place=st.integers(0, 100),
    chinese=st.booleans(),
    other=st.sampled_from("的了在我有" + string.ascii_lowercase),
)
def test_one_wrong_character_of_a_name_is_forgiven(
    code: str, wrong: Callable[[str, int, str], str], place: int, other: str, *, chinese: bool
) -> None:
    name = CATALOGUE.item(code).name
    text = name.zh_cn if chinese else max(name.en.lower().split(), key=len)
    if chinese != (other not in string.ascii_lowercase):
        other = "的" if chinese else "q"
    assert code in found(wrong(text, place % len(text), other))


@given(st.text(max_size=100))
def test_nothing_that_is_typed_breaks_a_search(typed: str) -> None:
    assert set(found(typed)) <= set(CATALOGUE.items)


@given(st.text("abc", max_size=6), st.text("abc", min_size=2, max_size=6))
def test_nearly_means_one_edit_from_some_beginning(text: str, typed: str) -> None:
    near = {typed}
    for at in range(len(typed) + 1):
        near |= {typed[:at] + typed[at + 1 :]}
        near |= {typed[:at] + each + typed[at:] for each in "abc"}
        near |= {typed[:at] + each + typed[at + 1 :] for each in "abc"}
        near |= {_swap(typed, at, "")} if at + 1 < len(typed) else set()
    assert begins_nearly(text, typed) == any(text.startswith(each) for each in near)


def test_a_long_query_costs_no_more_than_its_first_words() -> None:
    assert found(" ".join(["老人"] + ["spaceship"] * MOST_WORDS)) == []
    assert found(" ".join(["老人"] * 50)) == [ALLOWANCE, CARD]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"synonyms": [["老人"]]}, "at least two different words"),
        ({"synonyms": [["老人", "老 人 "]]}, "pattern"),
        ({"synonyms": [["證", "证"]]}, "at least two different words"),
        ({"departments": {"psb": [""]}}, "at least 1 character"),
        (
            {"life_events": [{"code": "x", "name": {"zh-CN": "x", "en": "x"}, "words": ["x"], "items": []}]},
            "at least 1",
        ),
        (
            {"life_events": [{"code": "x", "name": {"zh-CN": "x", "en": "x"}, "words": ["x"], "items": ["y"]}] * 2},
            "the same life event twice: x",
        ),
    ],
)
def test_words_that_can_find_nothing_are_refused(words: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SearchWords.model_validate(words)
