"""The normal form of address text keeps what means something; a placeholder names no place."""

from __future__ import annotations

import pytest

from standards.address import names_place
from standards.address_text import is_placeholder, normal


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("民治街道, 梅龙路 １２號", "民治街道梅龙路12号"),
        ("花园3 1201", "花园3-1201"),
        ("花园3, 1201", "花园3-1201"),
        ("花园3、5栋", "花园3、5栋"),
        ("花园Ⅱ期", "花园2期"),
        ("花园III期", "花园3期"),
        ("龙华区-民治街道-花园3栋-1201", "龙华区民治街道花园3栋-1201"),
        ("昭阳村第五组第3栋", "昭阳村5组3栋"),
        ("花园3第4栋", "花园3第4栋"),
        ("花园XI期", "花园XI期"),
        ("花园3②01", "花园3-2-01"),
        ("花园3½栋", "花园3½栋"),
        ("花园2²01", "花园2-2-01"),
        ("花园A+座", "花园A+座"),
        ("花?园", "花?园"),
        ("花园【后座】", "花园(后座)"),
        ("花园a座", "花园A座"),
        ("花园ß座", "花园ß座"),
        ("花园3栋−1层", "花园3栋-1层"),
        ("花园3栋-", "花园3栋"),
    ],
)
def test_marks_go_and_everything_else_stays(written: str, expected: str) -> None:
    assert normal(written) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-",
            "/",
            "——",
            "无",
            "無",
            "無。",
            "暂无",
            "不详",
            "未知",
            "同上",
            "N/A",
            "n/a",
            "null",
            "none",
            "。。。",
        ),
        *(
            "123",
            "3栋",
            "无无无",
            "暂无/不详",
            "地址不详",
            "XX路XX号",
            "梅龙路**号",
            "哈哈哈哈",
            "\ufffd\ufffd",
            "\x00\x00",
        ),
        *("\u200b", "1" * 100_000),
        *(
            "以身份证为准",
            "与户口本一致",
            "同户口簿上的地址",
            "见附件",
            "详见附件",
            "本市",
            "户籍地址",
            "无门牌",
            "免填",
        ),
        *("流浪", "居无定所", "不便透露", "中国", "asdf asdf", "农村", "朋友家", "某小区", "某某路某号"),
        *("深圳市龙华区不详", "深圳市龙华区民治街道见附件", "深圳市龙华区民治街道梅龙路号"),
        *("深圳市龙华区民治街道梅龙路  号  栋", "深圳市龙华区民治街道梅龙路__号", "深圳市龙华区民治街道梅龙路×号"),
        *("深圳市龙华区民治街道梅龙路X号", "深圳市龙华区民治街道梅龙路\ufffd号", "深圳市龙华区民治街道12号?栋"),
        "深圳市龙华区民治街道花园3栋2单元室",
    ],
)
def test_a_placeholder_names_no_place(text: str) -> None:
    assert not names_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "梅龙路12号",
        "江苏省无锡市1号",
        "空港路1号",
        "石井村3组",
        "深圳市龙华区民治街道1号",
        "Room 1201, Meilong Road",
        "无名路12号",
        "福建省泉州市",
        "湖南省隆回县王家湾",
        "深圳市龙华区民治街道第12栋第3层",
        "香港九龙弥敦道100号",
    ],
)
def test_an_address_names_one(text: str) -> None:
    assert names_place(text)


def test_a_part_that_is_only_a_word_for_nothing_is_told_from_a_name() -> None:
    assert is_placeholder("无")
    assert not is_placeholder("无名路")
    assert not is_placeholder("")
