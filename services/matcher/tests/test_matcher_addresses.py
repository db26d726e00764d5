from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from opencc import OpenCC

from matcher.domain.address_comparison import difference
from standards.address import parse
from standards.address_text import normal

FULL = "广东省深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1201室"
_TRADITIONAL = OpenCC("s2t")


@pytest.mark.parametrize(
    "other",
    [
        "深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1201室",
        "龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1201",
        "民治街道梅陇镇花园3栋2单元1201",
        "中国广东省深圳市龍華新區民治街道辦事處民治社區梅龍路１２號梅隴鎮花園叁棟貳單元壹貳零壹房",
        "廣東省深圳市龍華區民治街道梅龍路十二號三棟二單元一二〇一室",
        "广东深圳市龙华区民治街道梅陇镇花园③幢②单元1201",
        "深圳龙华民治街道梅陇镇花园3号楼2单元12楼1201",
        "龙华区 民治街道 民治社区 梅陇镇花园, 3-2-1201",
        "龙华区民治街道（民治社区）梅陇镇花园小区3栋2门1201户",
        "民治街道民治社区梅龙路12号3#楼2-1201",
        "民治街道民治社区梅龙路第12号3栋2单元1201",
        "民治街道民治社区梅龙路012号3栋2单元1201",
        "广东省-深圳市-龙华区-民治街道-梅陇镇花园-3栋-2单元-1201",
    ],
)
def test_writings_of_one_address_are_the_same(other: str) -> None:
    assert difference(FULL, other) is None
    assert difference(other, FULL) is None


@pytest.mark.parametrize(
    ("other", "reason", "close"),
    [
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园4栋2单元1201室", "building-differs", False),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园13栋2单元1201室", "building-differs", False),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋1单元1201室", "unit-differs", False),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1202室", "unit-differs", False),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园2单元1201室", "building-missing", True),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋1201室", "unit-missing", True),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋", "unit-missing", True),
        ("深圳市龙华区民治街道民治社区梅龙路14号梅陇镇花园3栋2单元1201室", "number-differs", False),
        ("深圳市龙华区民治街道民治社区民乐路12号3栋2单元1201室", "road-differs", False),
        ("深圳市龙华区民治街道民治社区梅龙路12号梅陇花园3栋2单元1201室", "estate-differs", False),
        ("深圳市龙华区民治街道民治社区梅陇镇花园一期3栋2单元1201室", "estate-similar", True),
        ("深圳市龙华区民治街道民乐社区梅陇镇花园3栋2单元1201室", "community-differs", False),
        ("深圳市龙华区大浪街道民治社区梅陇镇花园3栋2单元1201室", "street-differs", False),
        ("深圳市福田区民治街道民治社区梅陇镇花园3栋2单元1201室", "district-differs", False),
        ("广州市龙华区民治街道民治社区梅陇镇花园3栋2单元1201室", "city-differs", False),
        ("湖南省龙华区民治街道民治社区梅陇镇花园3栋2单元1201室", "province-differs", False),
        ("民治街道民治社区3栋2单元1201室", "incomplete", True),
        ("梅陇镇花园3栋2单元1201室", "incomplete", True),
        ("民治街道梅龙路3栋2单元1201室", "incomplete", True),
        ("", "no-place", False),
    ],
)
def test_what_differs_is_named_and_told_from_what_is_only_left_out(other: str, reason: str, *, close: bool) -> None:
    assert difference(FULL, other) == (reason, close)
    assert difference(other, FULL) == (reason, close)


CASES = (
    ("floor-lettered", "3栋2层A室", "3栋3层A室", "different"),
    ("floor-tower", "A座12楼B室", "A座15楼B室", "different"),
    ("floor-vs-floor", "3栋12层101", "3栋13层101", "different"),
    ("basement", "3栋-1层05", "3栋1层05", "not-equal"),
    ("floor-and-number", "3栋12层1号", "3栋1201室", "equal"),
    ("roman", "Ⅱ期3栋1201", "二期3栋1201", "equal"),
    ("ordinal", "3栋1201", "第3栋1201", "equal"),
    ("letter-O", "3栋1201", "三栋一二O一", "not-equal"),
    ("remark", "3栋1201", "3栋1201（梅龙路旁）", "close"),
)


@pytest.mark.parametrize(("name", "held", "claimed", "expected"), CASES)
def test_addresses_that_once_went_wrong(name: str, held: str, claimed: str, expected: str) -> None:
    estate = "深圳市龙华区民治街道梅陇镇花园"
    found = difference(estate + held, estate + claimed)
    answer = "equal" if found is None else "close" if found[1] else "different"
    assert answer == expected or (expected == "not-equal" and answer != "equal"), name


def test_a_cellar_a_placeholder_and_a_radical() -> None:
    road = "深圳市龙华区民治街道梅龙路12号"
    assert difference(road, f"{road}地下室") == ("one-says-more", True)
    assert difference("-", "/") == difference("无", "无") == ("no-place", False)
    assert difference("民治街道不详", "民治街道不详") == ("no-place", False)
    assert difference("以身份证为准", "以身份证为准") == ("no-place", False)
    assert difference("民治街道梅龙路号", "民治街道梅龙路号") == ("no-place", False)
    assert difference(FULL, FULL.replace("龙", "⻰")) is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("梅龙路12号", "梅龙路12号之一", "one-says-more"),
        ("梅龙路12号", "梅龙路12号附1号", "one-says-more"),
        ("梅龙路12号", "梅龙路12号旁", "one-says-more"),
        ("梅龙路12号3栋101", "梅龙路12号后院3栋101", "one-says-more"),
        ("梅龙路12号3栋101", "梅龙路12号新城3栋101", "one-says-more"),
        ("梅龙路12号1201", "梅龙路12号甲里1201", "one-says-more"),
        ("梅龙路12号1201", "梅龙路12号员工公寓1201", "one-says-more"),
        ("梅龙路12号1201", "梅龙路12号安置新村1201", "one-says-more"),
        ("梅龙路12号3栋1201", "梅龙路12号女工公寓3栋1201", "one-says-more"),
        ("梅龙路12号3栋1201", "梅龙路12号外商大厦3栋1201", "one-says-more"),
        ("梅龙路12号", "梅龙路12-1号", "number-differs"),
        ("梅龙路12号花园3栋101", "梅龙路花园3栋101", "number-missing"),
        ("花园3栋12楼", "花园3栋15楼", "floor-differs"),
        ("花园3栋12层A室", "花园3栋A室", "floor-missing"),
        ("花园3栋1层1201", "花园3栋1201", "floor-missing"),
        ("花园3栋101", "花园3栋-101", "unit-differs"),
        ("花园3栋101", "花园3栋负101", "unit-differs"),
        ("花园3栋101", "花园3栋101铺", "unit-differs"),
        ("花园3-5栋101", "花园3栋5座101", "building-differs"),
        ("花园3-5栋101", "花园3、5栋101", "building-differs"),
        ("花园甲栋101", "花园乙栋101", "building-differs"),
        ("花园3栋2单元101", "花园2栋3单元101", "building-differs"),
        ("花园3栋1201（东间）", "花园3栋1201（西间）", "remark"),
        ("花园3栋一百二", "花园3栋102", "unit-differs"),
        ("花园A+座101", "花园A座101", "estate-similar"),
        ("上芬一区36号", "上芬一区36栋", "estate-similar"),
    ],
)
def test_what_one_side_says_more_or_otherwise_counts(one: str, other: str, reason: str) -> None:
    found = difference(f"民治街道{one}", f"深圳市龙华区民治街道{other}")
    assert found is not None
    assert found[0] == reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("深圳市宝安区民治街道花园3栋101", "深圳市龙华区民治街道花园3栋101"),
        ("深圳市宝安县民治街道花园3栋101", "深圳市龙华区民治街道花园3栋101"),
        ("辽宁省朝阳市朝阳县花园3栋101", "辽宁省朝阳市朝阳区花园3栋101"),
        ("湖南省邵东县城关镇百合花园3栋101", "湖南省邵东县城关乡百合花园3栋101"),
    ],
)
def test_an_area_of_another_kind_or_a_former_one_is_for_people(one: str, other: str) -> None:
    assert difference(one, other) == ("area-renamed", True)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("龙华区民治街道花园3栋101", "海口市龙华区民治街道花园3栋101", "province-differs"),
        ("龙华区民治街道花园3栋101", "海南省龙华区民治街道花园3栋101", "province-differs"),
        ("深圳市民治街道花园3栋101", "湖南省民治街道花园3栋101", "province-differs"),
        ("广州市民治街道花园3栋101", "龙华区民治街道花园3栋101", "city-differs"),
        ("龙华区民治街道花园3栋101", "龙华区浪口社区花园3栋101", "incomplete"),
    ],
)
def test_a_level_that_is_only_implied_contradicts_too(one: str, other: str, reason: str) -> None:
    for found in (difference(one, other), difference(other, one)):
        assert found is not None
        assert found[0] == reason


def test_an_area_alone_is_no_address() -> None:
    for area in ("广东", "广东省", "深圳", "深圳市龙华区", "深圳市龙华区民治街道"):
        assert difference(area, area) == ("incomplete", True)


def test_what_is_too_long_is_compared_at_once() -> None:
    digits = "1" * 150_000
    assert difference(digits, digits) == difference(FULL, digits) == ("too-long", False)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("上芬社区2巷3号502", "上芬社区龙屋新村2巷3号502", "road-differs"),
        ("民治街道新民治社区1栋101", "民治街道民治社区1栋101", "community-differs"),
        ("民治街道1路2号101", "民治街道21路2号101", "road-differs"),
    ],
)
def test_a_name_that_ends_like_another_is_not_the_same(one: str, other: str, reason: str) -> None:
    assert difference(one, other) == (reason, False)


_HAN_DIGITS = ("0123456789", "０１２３４５６７８９", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖")
_scripts = st.sampled_from(_HAN_DIGITS)


def _written(number: int, script: str) -> str:
    return "".join(script[int(digit)] for digit in str(number))


@st.composite
def _flats(draw: st.DrawFn) -> tuple[int, int | None, int]:
    return draw(st.integers(1, 99)), draw(st.none() | st.integers(1, 9)), draw(st.integers(101, 3999))


@st.composite
def _writings(draw: st.DrawFn, flat: tuple[int, int | None, int]) -> str:
    building, unit, room = flat
    script = draw(_scripts)
    prefix = draw(st.sampled_from(["", "广东省深圳市", "深圳市", "深圳", "中国广东省深圳市"]))
    district = draw(st.sampled_from(["龙华区", "龙华新区"] + ([""] if prefix in {"", "深圳"} else [])))
    street = draw(st.sampled_from(["民治街道", "民治街道办事处", "民治街道办"]))
    community = draw(st.sampled_from(["", "民治社区", "民治社区居委会"]))
    place = draw(st.sampled_from(["梅龙路12号梅陇镇花园", "梅陇镇花园", "梅陇镇花园小区"]))
    block = _written(building, script) + draw(st.sampled_from(["栋", "幢", "座", "号楼", "#"]))
    stair = "" if unit is None else _written(unit, script) + "单元"
    door = _written(room, draw(_scripts)) + draw(st.sampled_from(["", "室", "房", "户"]))
    text = prefix + district + street + community + place + block + stair + door
    if draw(st.booleans()):
        text = _TRADITIONAL.convert(text)
    return draw(st.sampled_from([text, f" {text} ", text.replace("花园", "花园 ")]))


@given(st.data(), _flats())
def test_any_two_writings_of_a_flat_are_the_same(data: st.DataObject, flat: tuple[int, int | None, int]) -> None:
    assert difference(data.draw(_writings(flat)), data.draw(_writings(flat))) is None


@given(st.data(), _flats(), _flats())
def test_two_flats_are_never_the_same_however_they_are_written(
    data: st.DataObject, flat: tuple[int, int | None, int], other: tuple[int, int | None, int]
) -> None:
    assume(flat != other)
    found = difference(data.draw(_writings(flat)), data.draw(_writings(other)))
    assert found is not None
    assert found[0] in {"building-differs", "unit-differs", "unit-missing"}


_added = st.text(alphabet="地下室旁后附之一二甲A3-层栋单元号期区（）东", min_size=1, max_size=6)


@given(st.data(), _flats(), _added)
def test_whatever_is_added_behind_leaves_it_unequal(
    data: st.DataObject, flat: tuple[int, int | None, int], added: str
) -> None:
    assume(normal(f"室{added}") not in {"室", "室号", "室-"} and added.strip("（）-"))
    one, other = data.draw(_writings(flat)).strip(), data.draw(_writings(flat)).strip()
    assert difference(one, f"{one}室{added}") is not None
    assert difference(one, f"{other}室{added}") is not None


@given(st.data(), _flats())
def test_any_other_digit_or_letter_leaves_it_unequal(data: st.DataObject, flat: tuple[int, int | None, int]) -> None:
    other = normal(data.draw(_writings(flat)))
    at = data.draw(st.sampled_from([at for at, character in enumerate(other) if character.isdigit()]))
    instead = data.draw(st.sampled_from("0123456789ABO"))
    assume(instead != other[at])
    assert difference(other, other[:at] + instead + other[at + 1 :]) is not None


_CHARACTERS = "深圳市龙华区民治街道社梅路镇花园栋单元室号楼层座-# ,（）0123三叁十百万A甲〇Ⅲ第é\u3000\x00"
_pieces = st.text(alphabet=_CHARACTERS, max_size=30)


@given(_pieces)
def test_any_text_can_be_taken_apart_and_is_the_same_as_itself(text: str) -> None:
    parse(text)
    assert difference(text, text) in {None, ("no-place", False), ("incomplete", True)}
    assert difference(text, unicodedata.normalize("NFKC", text)) == difference(text, text) or "Ⅲ" in text


@given(_pieces, _pieces)
def test_comparing_does_not_depend_on_the_side(one: str, other: str) -> None:
    assert difference(one, other) == difference(other, one)
