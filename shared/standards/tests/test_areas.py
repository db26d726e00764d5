"""Where an address lies is read from its front, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.address_text import normal
from standards.areas import areas, is_successor, lies_in, read

_ROADS = ("深圳路1号", "深圳大道1号", "深圳湾花园3栋", "宝安区路2号", "龙华路3号", "广东深圳大厦", "深圳村5组")


@pytest.mark.parametrize(
    "address",
    [
        "广东省深圳市龙华区民治街道1号", "廣東省深圳市龍華區民治街道1號", "深圳市⻰华区民治街道1号",
        "中国广东深圳市福田区1号", "中华人民共和国广东省深圳市南山区1号", "深圳市民治街道1号",
        "深圳市龙华新区1号", "深圳市光明新区1号", "深圳市坪山新区1号", "深圳市大鹏新区葵涌街道1号",
        "深圳市宝安县龙华镇1号", "广东省宝安县龙华镇1号", "宝安县龙华镇1号", "广东省龙华区民治街道1号",
        "深圳龙华民治街道1号", "广东省宝安县布吉镇深圳路", "深圳民治街道1号", "深圳市花园街1号",
        "深圳市民乐村1号", "深圳 龙华区 1号", "深圳市深圳市龙华区1号", "广东省深圳市上海路1号",
        "广东省深圳市深汕特别合作区鹅埠镇1号", "广东省深圳经济特区罗湖区1号", "深圳市经济特区罗湖区1号",
        "深圳特区福田区1号",
    ],
)  # fmt: skip
def test_an_address_in_shenzhen(address: str) -> None:
    assert lies_in(address, "深圳") is True


@pytest.mark.parametrize(
    "address",
    [
        "上海市浦东新区深圳大道1号", "山东省青岛市崂山区深圳路12号", "青岛市深圳路12号", "青島市深圳路12號",
        "海南省海口市龙华区1号", "海南省龙华区1号", "湖南省衡阳县深圳街1号", "广西桂平市深圳路1号",
        "四川省三台县1号", "重庆市云阳县深圳市场1号", "北京朝阳区深圳大厦", "广东省潮阳县1号",
        "广东省普宁市1号", "邵东市两市塘街道1号", "广东省汕尾市海丰县海城镇1号", "湖南省甲乙市1号",
        "新疆生产建设兵团第八师石河子市1号", "西藏自治区林芝市察隅县深圳小学", "新疆喀什市深圳城",
        "香港九龙深水埗长沙湾道1号", "澳门氹仔南京街1号",
    ],
)  # fmt: skip
def test_an_address_elsewhere(address: str) -> None:
    assert lies_in(address, "深圳") is False


@pytest.mark.parametrize(
    "address",
    [
        *_ROADS,
        "",
        "无",
        "民治街道1号",
        "龙华区民治街道1号",
        "广东省民治街道1号",
        "湖南省深圳市龙华区1号",
        "广东省汕尾市深汕特别合作区鹅埠镇1号",
        "广东省汕尾市海丰县鹅埠镇1号",
        "广东省海丰县小漠镇1号",
        "广东省深汕特别合作区鹅埠镇1号",
        "深汕特别合作区鹅埠镇1号",
        "阳光城市花园3栋",
        "中山市场路3号",
        "深圳市场路3号",
        "深圳市民中心",
        "湖南路12号",
        "香港路12号",
        "九龙路1号",
        "深圳市" * 400,
    ],
)
def test_an_address_that_does_not_say_it(address: str) -> None:
    assert lies_in(address, "深圳") is None


_CITIES = st.sampled_from([f"{one.name}{city}" for one in areas().provinces for city in one.cities if one.name != city])


@given(_CITIES, st.sampled_from(_ROADS))
def test_only_the_front_counts_wherever_else_the_name_stands(city: str, road: str) -> None:
    assert lies_in(f"{city}{road}", "深圳") is (city == "广东省深圳市")


@given(_CITIES)
def test_every_province_and_city_is_read(city: str) -> None:
    area, _ = read(normal(f"{city}人民路1号"))
    assert normal(city).startswith(area.province)
    assert normal(city).endswith(f"{area.city}{area.city_kind}")
    assert area.province
    assert area.listed


def test_a_former_district_is_known_by_what_lies_on_its_land() -> None:
    assert is_successor("宝安区", "龙华区")
    assert is_successor("宝安县", "龙华新区")
    assert not is_successor("龙华区", "宝安区")
    assert not is_successor("福田区", "龙华区")


def test_a_town_behind_a_county_is_no_city() -> None:
    area, _ = read("邵东县两市镇建设路18号")
    assert (area.city, area.district, area.district_kind) == ("", "邵东", "县")


def test_successors_are_districts_of_the_data() -> None:
    known = {name for its in areas().districts.values() for name in its.districts}
    assert {*areas().successors, *(name for then in areas().successors.values() for name in then)} <= known
