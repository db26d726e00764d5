"""Addresses taken apart: every part is found however it is written, and nothing is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.address import parse
from standards.address_text import LONGEST

FULL = "广东省深圳市龙华区民治街道民治社区梅龙路12号梅陇镇花园3栋2单元1201室"


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
        ("梅龙路12号301室", "", "", "301"),
        ("梅陇镇花园第3栋第2单元第12层1201", "3", "2", "1201"),
        ("梅陇镇花园3-5栋1201", "3~5", "", "1201"),
        ("梅陇镇花园3栋5座1201", "3-5", "", "1201"),
        ("天安数码城F3.8栋601", "F3~8", "", "601"),
        ("梅陇镇花园乙栋1201", "乙", "", "1201"),
        ("梅陇镇花园3栋-1201", "3", "", "1201"),
        ("梅陇镇花园3栋-101", "3", "", "-101"),
        ("梅陇镇花园3栋2单元5-501", "3", "2", "5-501"),
        ("梅陇镇花园3栋1201地下室", "3", "", "1201地下室"),
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
    ("written", "floor", "room"),
    [
        ("3栋12层1201", "", "1201"),
        ("3栋12层1号", "", "1201"),
        ("3栋12层101", "12", "101"),
        ("3栋1层1201", "1", "1201"),
        ("3栋2层A室", "2", "A"),
        ("东座3楼", "3", ""),
        ("3栋-1层05", "-1", "5"),
        ("3栋负一层05", "-1", "5"),
        ("3栋B1层05", "-1", "5"),
        ("3栋地下1层", "-1", ""),
        ("3栋2单元-1层", "-1", ""),
        ("3栋-12层1201", "", "1201"),
        ("3-1层05", "~1", "5"),
    ],
)
def test_a_floor_is_kept_unless_the_room_says_it_already(written: str, floor: str, room: str) -> None:
    address = parse(f"民治街道梅陇镇花园{written}")
    assert (address.floor, address.room) == (floor, room)


def test_what_stands_in_brackets_is_a_remark_unless_it_is_a_part() -> None:
    address = parse("民治街道（民治社区）梅陇镇花园（二期）3栋1201")
    assert (address.community, address.estate, address.remarks) == ("民治", "梅陇镇花园2期", ())
    assert parse("民治街道梅陇镇花园3栋1201（梅龙路旁）").remarks == ("梅龙路旁",)
    assert parse("民治街道梅陇镇花园3栋1201（梅龙路旁").remarks == ("梅龙路旁",)


@given(
    st.text(alphabet="深圳市龙华区民治街道社梅路镇花园栋单元室号楼层座负地下-# ,（）0123三十百A甲Ⅲ第é\u3000\x00\ud800")
)
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert parse(text) == parse(text)


def test_what_is_too_long_to_be_an_address_is_not_taken_apart() -> None:
    text = "1" * (LONGEST + 1)
    assert parse(text).estate == text
