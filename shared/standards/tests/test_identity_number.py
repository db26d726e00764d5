from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runtime.errors import Refusal
from standards import identity_number

TODAY = date(2026, 7, 1)

VALID = [
    "11010519491231002X",
    "440524188001010014",
    "440309199001010013",
    "440309194906150026",
    "440309202002290031",
    "810000199408230021",
    "932682198501010017",
]


def parse(text: str) -> identity_number.IdentityNumber:
    return identity_number.parse(text, today=TODAY)


def refusal(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(text)
    return caught.value


birth_dates = st.dates(date(1880, 1, 1), TODAY)
areas = st.from_regex(r"([1-79][0-9]|8[123])[0-9]{4}", fullmatch=True)
sequences = st.from_regex(r"[0-9]{3}", fullmatch=True)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    body = draw(areas) + draw(birth_dates).strftime("%Y%m%d") + draw(sequences)
    return body + identity_number.check_character(body)


@pytest.mark.parametrize("number", VALID)
def test_a_correct_number_is_accepted(number: str) -> None:
    assert parse(number).number == number


def test_a_lower_case_x_and_spaces_around_are_accepted_and_stored_without() -> None:
    assert parse(" 11010519491231002x ").number == "11010519491231002X"


@pytest.mark.parametrize("around", [("", "\0\0"), ("\u202a", "\u202c"), ("\ufeff", "")])
def test_padding_and_invisible_characters_are_no_part_of_a_number(around: tuple[str, str]) -> None:
    assert parse("11010519491231002X".join(around)).number == "11010519491231002X"


@given(st.sampled_from(["0", "80", "84", "85", "86", "87", "88", "89"]), numbers())
def test_a_number_that_begins_as_none_does_is_refused_whatever_its_check_character(begin: str, number: str) -> None:
    body = begin + number[len(begin) : 17]
    assert refusal(body + identity_number.check_character(body)).code == "identity-number-beginning"


def test_a_number_says_birth_date_and_sex() -> None:
    man, woman = parse("440309199001010013"), parse("440309194906150026")
    assert (man.birth_date, man.sex) == (date(1990, 1, 1), "male")
    assert (woman.birth_date, woman.sex) == (date(1949, 6, 15), "female")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("440309199001010013", "citizen"),
        ("810000199408230021", "hk-macau-taiwan"),
        ("932682198501010017", "foreign"),
        ("USA110119800101", "foreign"),
    ],
)
def test_a_number_says_what_kind_of_card_it_is_on(number: str, kind: str) -> None:
    assert parse(number).kind == kind


def test_the_older_foreign_card_says_neither_birth_date_nor_sex() -> None:
    older = parse("usa110119800101")
    assert (older.number, older.birth_date, older.sex) == ("USA110119800101", None, None)
    assert older.disagreements(birth_date=date(1980, 1, 1), sex="female") == ()


@pytest.mark.parametrize("number", VALID)
def test_any_other_digit_anywhere_is_refused(number: str) -> None:
    for place in range(len(number)):
        for character in "0123456789X":
            if character != number[place]:
                assert refusal(number[:place] + character + number[place + 1 :]).field == "number"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("440309199001010014", "check-character"),
        ("440309202102290038", "impossible-date"),
        ("440309202102290030", "impossible-date"),
        ("440309199013010010", "impossible-date"),
        ("440309000001010010", "impossible-date"),
        ("440309202607020010", "future-date"),
        ("440309184912310013", "date-too-early"),
        ("440309000101010013", "date-too-early"),
        ("040309199001010013", "beginning"),
        ("000000199001010013", "beginning"),
        ("800000199408230021", "beginning"),
        *((f"8{second}0000199408230021", "beginning") for second in "456789"),
        ("440309900101001", "fifteen-digits"),
        ("４４０３０９１９９００１０１００１３", "full-width"),
        ("44030919900101001３", "full-width"),
        ("440309", "length"),
        ("", "length"),
        ("4403091990010100133", "length"),
        ("44030919900101O013", "characters"),
        ("440309 19900101001", "characters"),
        ("X40309199001010013", "characters"),
        ("四四〇三〇九一九九〇〇一〇一〇〇一三", "characters"),
        ("٤٤٠٣٠٩١٩٩٠٠١٠١٠٠١٣", "characters"),
    ],
)
def test_a_wrong_number_is_refused_and_says_why(number: str, code: str) -> None:
    assert refusal(number).code == f"identity-number-{code}"


def test_every_last_character_but_one_is_refused_for_a_date_that_exists() -> None:
    accepted = [last for last in "0123456789X" if _is_accepted("11010519491231002" + last)]
    assert accepted == ["X"]


def test_born_today_is_not_in_the_future() -> None:
    body = "440309" + TODAY.strftime("%Y%m%d") + "001"
    assert parse(body + identity_number.check_character(body)).birth_date == TODAY


def test_a_card_that_says_otherwise_is_told_apart_field_by_field() -> None:
    number = parse("440309199001010013")
    assert number.disagreements(birth_date=date(1990, 1, 1), sex="male") == ()
    both = number.disagreements(birth_date=date(1990, 1, 2), sex="female")
    assert [(one.code, one.field) for one in both] == [
        ("identity-number-birth-date-differs", "birth_date"),
        ("identity-number-sex-differs", "sex"),
    ]


@given(numbers())
def test_every_number_made_by_the_rule_is_accepted(number: str) -> None:
    parsed = parse(number)
    assert parsed.birth_date is not None
    assert parsed.birth_date.strftime("%Y%m%d") == number[6:14]
    assert (parsed.sex == "male") == (int(number[16]) % 2 == 1)


@given(numbers(), st.integers(0, 16))
def test_swapping_two_neighbours_is_noticed(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assume(swapped != number)
    assert not _is_accepted(swapped)


@given(st.text(max_size=24))
def test_any_text_is_either_a_number_or_refused(text: str) -> None:
    _is_accepted(text)


def _is_accepted(text: str) -> bool:
    try:
        parse(text)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("440309199001010013", True),
        ("我的号码是440309199001010013，谢谢", True),
        ("11010519491231002x", True),
        ("0440309199001010013", True),
        ("４４０３０９１９９００１０１００１３", True),
        ("440309\u200b19900101\u200d0013", True),
        ("440309199001010012", False),
        ("440309202102290038", False),
        ("2026-11-23", False),
        ("", False),
    ],
)
def test_a_number_is_found_wherever_it_stands_in_a_text(text: str, there: bool) -> None:  # noqa: FBT001 - the case
    assert identity_number.stands_in(text, today=TODAY) is there
