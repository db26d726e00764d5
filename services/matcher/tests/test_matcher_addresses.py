from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from opencc import OpenCC

from matcher.domain.address import parse
from matcher.domain.address_comparison import difference

FULL = "广东省深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1201室"
_TRADITIONAL = OpenCC("s2t")


def test_a_full_address_is_taken_apart() -> None:
    address = parse(FULL)
    assert (address.province, address.city, address.district) == ("广东", "深圳", "龙华")
    assert (address.street, address.community) == ("民治", "民治")
    assert (address.road, address.number, address.estate) == ("梅龙路", "12", "梅陇镇花园")
    assert (address.building, address.unit, address.room) == ("3", "2", "1201")


@pytest.mark.parametrize(
    ("written", "building", "unit", "room"),
    [
        ("梅陇镇花园三棟", "3", "", ""),
        ("梅陇镇花园3栋1201", "3", "", "1201"),
        ("梅陇镇花园3栋1201房", "3", "", "1201"),
        ("梅陇镇花园3号楼12层1201", "3", "", "1201"),
        ("梅陇镇花园3号楼12层01号", "3", "", "1201"),
        ("梅陇镇花园3幢2单元502号", "3", "2", "502"),
        ("梅陇镇花园3-2-1201", "3", "2", "1201"),
        ("梅陇镇花园3-1201", "3", "", "1201"),
        ("梅陇镇花园 3 1201", "3", "", "1201"),
        ("梅陇镇花园3#1201", "3", "", "1201"),
        ("梅陇镇花园A座1201", "A", "", "1201"),
        ("梅陇镇花园ａ座１２０１", "A", "", "1201"),
        ("梅陇镇花园3栋B座1201室", "3-B", "", "1201"),
        ("梅陇镇花园03栋0301", "3", "", "301"),
        ("梅陇镇花园3栋甲单元12A", "3", "甲", "12A"),
        ("梅陇镇花园东座3楼", "东", "", "3F"),
        ("梅龙路12号301室", "", "", "301"),
        ("上芬一区36号", "", "", ""),
        ("上芬一区36号502", "", "", "502"),
    ],
)
def test_building_unit_and_room_are_found_however_they_are_written(
    written: str, building: str, unit: str, room: str
) -> None:
    address = parse(written)
    assert (address.building, address.unit, address.room) == (building, unit, room)


@pytest.mark.parametrize(
    ("written", "district", "street", "community"),
    [
        ("深圳市龍華新區民治街道辦事處民治社區", "龙华", "民治", "民治"),
        ("龙华区民治街道办民治社区居委会", "龙华", "民治", "民治"),
        ("民治街道上芬社区工作站龙屋新村二巷3号", "", "民治", "上芬"),
        ("江苏省苏州市昆山市玉山镇前进路1号", "昆山", "玉山", ""),
        ("广西壮族自治区南宁市横县校椅镇石井村委会12号", "横", "校椅", "石井"),
        ("上海市浦东新区世纪大道100号", "浦东", "", ""),
        ("梅陇镇花园3栋", "", "", ""),
        ("阳光花园小区3栋", "", "", ""),
        ("白石龙一区36栋", "", "", ""),
    ],
)
def test_district_street_and_community_are_found_and_estates_are_not_taken_for_them(
    written: str, district: str, street: str, community: str
) -> None:
    address = parse(written)
    assert (address.district, address.street, address.community) == (district, street, community)


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
        ("", "building-missing", True),
    ],
)
def test_what_differs_is_named_and_told_from_what_is_only_left_out(other: str, reason: str, *, close: bool) -> None:
    assert difference(FULL, other) == (reason, close)
    assert difference(other, FULL) == (reason, close)


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
_numbers = st.integers(1, 9999)
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


_CHARACTERS = "深圳市龙华区民治街道社梅路镇花园栋单元室号楼层座-# ,（）0123三叁十百万A甲〇Ⅲ第é\u3000\x00"
_pieces = st.text(alphabet=_CHARACTERS, max_size=30)


@given(_pieces)
def test_any_text_can_be_taken_apart_and_is_the_same_as_itself(text: str) -> None:
    parse(text)
    assert difference(text, text) is None
    assert difference(text, unicodedata.normalize("NFKC", text)) is None or "Ⅲ" in text


@given(_pieces, _pieces)
def test_comparing_does_not_depend_on_the_side(one: str, other: str) -> None:
    assert difference(one, other) == difference(other, one)
