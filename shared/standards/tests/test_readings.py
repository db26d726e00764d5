"""How characters are read, as people type it."""

from __future__ import annotations

import pytest

from shared.standards.tests.compile_readings import TARGET, compiled
from standards.readings import MOST_READINGS, readings, spelled


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("居住证", "juzhuzheng"),
        ("银行账户", "yinhangzhanghu"),
        ("长者优待", "zhangzheyoudai"),
        ("会计", "kuaiji"),
        ("重新登记", "chongxindengji"),
        ("调解", "tiaojie"),
        ("女", "nv"),
        ("女", "nu"),
        ("旅游", "lvyou"),
        ("传染病", "chuanranbing"),
        ("单位", "danwei"),
        ("参加", "canjia"),
        ("乐队", "yuedui"),
    ],
)
def test_a_text_is_read_in_every_common_way(text: str, typed: str) -> None:
    assert typed in {"".join(way) for way in spelled(text)}


def test_the_common_reading_comes_first() -> None:
    assert (readings("行")[0], readings("证"), readings("x"), readings("證")) == ("xing", ("zheng",), (), ())
    assert "".join(spelled("办理居住证")[0]) == "banlijuzhuzheng"


def test_a_long_text_with_many_readings_stays_small() -> None:
    ways = spelled("重行长乐会参调单" * 5)
    assert MOST_READINGS < len(ways) < 200
    assert len(set(ways)) == len(ways)


def test_what_has_no_reading_is_not_spelled() -> None:
    assert spelled("A证") == []
    assert spelled("") == [()]


def test_the_file_is_what_its_source_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == compiled()
