from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.names import check_name, compare, name_key, normal_name, same_name
from standards.normal_form import simplified
from testkit.growth import assert_linear

IDEOGRAPHS = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
names = st.text(IDEOGRAPHS, min_size=1, max_size=6)
any_text = st.text(st.characters(), max_size=30)  # lone surrogates too
DOTS = "·•・･‧∙⋅⸱⸳ꞏᐧ᛫˙◦●⦁⚫▪ㆍ.．。｡﹒․︒\u0387\ue78e"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("張麗華", "张丽华"),
        ("范冰", "範冰"),
        ("叶问", "葉問"),
        ("鍾馗", "钟馗"),
        ("鍾馗", "锺馗"),
        ("餘明", "馀明"),
        ("鉅子", "钜子"),
        ("李乾坤", "李乾坤"),
        ("李幹", "李干"),
        ("陳爲", "陳為"),
        ("欧阳 修", "歐陽修"),
        ("李　丽", "李丽"),
        ("阿依古丽·买买提", "阿依古麗买买提"),
        ("JOHN SMITH", "John\u3000Smith"),
        ("ＪＯＨＮ", "John"),
        ("John Smith Ⅲ", "John Smith III"),
        ("葛文静", "葛\U000e0100文静"),
        ("李丽", "李丽\0\0"),
        ("马长龙", "⻢⻓⻰"),
        ("刘䶮", "刘\ue863"),
    ],
)
def test_two_writings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one) == "equal"


@pytest.mark.parametrize("dot", DOTS)
def test_every_kind_of_middle_dot_and_full_stop_is_one(dot: str) -> None:
    assert normal_name(f"古丽米热{dot}艾比布力") == "古丽米热·艾比布力"
    assert normal_name(f" 古丽米热 {dot} 艾比布力{dot}") == "古丽米热·艾比布力"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("李乾", "李干"),
        ("李乾", "李幹"),
        ("於海", "于海"),
        ("毕昇", "毕升"),
        ("李陞", "李昇"),
        ("锺书", "钟书"),
        ("鍾書", "鐘書"),
        ("馀明", "余明"),
        ("鉅子", "巨子"),
        ("陳發", "陳髮"),
        ("王濛", "王蒙"),
        ("徵羽", "征羽"),
        ("薴", "苎"),
    ],
)
def test_characters_that_names_keep_apart_need_a_look(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one) == "kept-apart"


@pytest.mark.parametrize(
    ("one", "other"), [("张三", "张山"), ("李育成", "李成育"), ("王芳", "王"), ("陶喆", "陶哲"), ("李\0丽", "李丽")]
)
def test_two_names_are_not_the_same(one: str, other: str) -> None:
    assert compare(one, other) == "different"


def test_every_character_that_is_kept_apart_is_one_that_the_conversion_merges() -> None:
    data = Path(__file__).parents[1] / "src" / "standards" / "data" / "name_characters.yaml"
    for line in data.read_text(encoding="utf-8").splitlines():
        if line.startswith("  - {kept: "):
            kept, merged = line[11], line[22]
            assert compare(kept, merged) == "kept-apart", line
            traditional = line.partition("traditional: ")[2][:1] or kept
            assert simplified(traditional) == merged, line
            assert same_name(traditional, kept), line
            assert same_name(traditional, merged) == ("of_both" in line), line


@given(names)
def test_a_name_is_the_same_in_its_simplified_writing_or_a_person_looks(name: str) -> None:
    assert compare(simplified(name), name) != "different"


@given(st.text(IDEOGRAPHS, max_size=4), IDEOGRAPHS, IDEOGRAPHS)
def test_another_character_makes_another_name_unless_one_is_the_other_in_simplified_script(
    begin: str, one: str, other: str
) -> None:
    if compare(begin + one, begin + other) != "different":
        assert name_key(one) == name_key(other)
    if simplified(one) == one and simplified(other) == other and one != other:
        assert compare(begin + one, begin + other) != "equal"


@given(any_text, any_text)
def test_comparing_never_fails_and_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one)
    assert same_name(one, one)


@given(any_text)
def test_the_normal_form_of_a_name_is_its_own(name: str) -> None:
    assert normal_name(normal_name(name)) == normal_name(name)
    assert same_name(name, normal_name(name))


@pytest.mark.parametrize(
    "name",
    [
        "李育成",
        "古丽米热.艾比布力",
        "John Smith Jr.",
        "O’Brien-Müller, Seán",
        "武〇",
        "无忌",
        "空海",
        "Nil Ashton",
        "김민수",
        "佐々木",
        "\U00031350\U0002ebf0",  # newer than Python's table of Unicode
        "ئاينۇر",
        "\ue863龙",
    ],
)
def test_names_of_all_languages_are_names(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "code", "character"),
    [
        ("123!!", "name-other-character", "1"),
        ("李丽2", "name-other-character", "2"),
        ("李丽(代)", "name-other-character", "("),
        ("⿰李丽", "name-other-character", "⿰"),
        ("李?", "name-unreadable-character", "?"),
        ("李？", "name-unreadable-character", "?"),
        ("李\ufffd", "name-unreadable-character", "\ufffd"),
        ("李□", "name-unreadable-character", "□"),
        ("李*", "name-unreadable-character", "*"),
        ("李\x07丽", "name-unreadable-character", "U+0007"),
        ("李\0丽", "name-unreadable-character", "U+0000"),
        ("李\ue000", "name-unreadable-character", "U+E000"),
        ("李\ud800", "name-unreadable-character", "U+D800"),
        ("···", "name-without-letters", None),
        ("...", "name-without-letters", None),
        ("。．", "name-without-letters", None),
        ("-", "name-without-letters", None),
        ("\u200b\u3164", "name-without-letters", None),
        ("\u0301", "name-without-letters", None),
        ("", "name-without-letters", None),
        ("无", "name-placeholder", None),
        ("無名氏", "name-placeholder", None),
        ("不详", "name-placeholder", None),
        ("未知 未知", "name-placeholder", None),
        ("张某", "name-placeholder", None),
        ("某某某", "name-placeholder", None),
        ("null", "name-placeholder", None),
        ("XXX", "name-placeholder", None),
        ("李XX", "name-placeholder", None),
        ("李x成", "name-placeholder", None),
        ("尚未取名", "name-placeholder", None),
        ("新生儿", "name-placeholder", None),
    ],
)
def test_what_is_no_name_is_told_with_the_character_that_is_wrong(name: str, code: str, character: str | None) -> None:
    found = check_name(name)
    assert found is not None
    assert (found.code, found.field, found.params.get("character")) == (code, "name", character)


def test_time_grows_with_the_length_and_no_faster() -> None:
    assert_linear(lambda worst: compare(worst, worst + "干"), "乾. ·\U000e0100")
