"""Identity numbers of people: GB 11643-1999 and the numbers modelled on it.

| kind | first characters | card |
|---|---|---|
| citizen | 1 to 7 | resident identity card |
| hk-macau-taiwan | 81, 82, 83 | residence permit of residents of Hong Kong, Macau, Taiwan |
| foreign | 9 | foreign permanent resident card since 2023-12-01 |
| foreign | 3 letters, 12 digits | the older card: its number says neither sex nor the century of birth |

No number begins otherwise (0, 80, 84 to 89).

Area codes are not checked against a table: codes are retired and added, and old numbers keep theirs.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

from runtime.errors import Refusal
from standards.moments import FIRST_DAY
from standards.normal_form import normal_text, visible

Kind = Literal["citizen", "hk-macau-taiwan", "foreign"]
Sex = Literal["male", "female"]

LENGTH = 18
FIELD = "number"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_WRITTEN = re.compile(r"[0-9]{17}[0-9X]")
_BEFORE_1999 = re.compile(r"[0-9]{15}")
_OLDER_FOREIGN = re.compile(r"[A-Z]{3}[0-9]{12}")
_EIGHTEEN = re.compile(r"(?=([0-9]{17}[0-9Xx]))")


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A correct number and what it says; None where it says nothing (only the older foreign card)."""

    number: str
    kind: Kind
    birth_date: date | None
    sex: Sex | None

    def disagreements(self, *, birth_date: date, sex: Sex) -> tuple[Refusal, ...]:
        """Return a refusal for each of birth date and sex that the number contradicts."""
        found = []
        if self.birth_date not in (None, birth_date):
            found.append(Refusal("identity-number-birth-date-differs", field="birth_date"))
        if self.sex not in (None, sex):
            found.append(Refusal("identity-number-sex-differs", field="sex"))
        return tuple(found)


def parse(text: str, *, today: date) -> IdentityNumber:
    """Read a number as a person typed it or a card reader gave it; a final x becomes X.

    Raises Refusal with the code `identity-number-…` that says what is wrong.
    """
    number = visible(text).upper()
    if _OLDER_FOREIGN.fullmatch(number):
        return IdentityNumber(number, "foreign", birth_date=None, sex=None)
    _check_writing(number)
    kind = _kind(number)
    birth_date = _birth_date(number, today)
    if check_character(number[:-1]) != number[-1]:
        raise Refusal("identity-number-check-character", field=FIELD)
    return IdentityNumber(number, kind, birth_date, sex="male" if int(number[16]) % 2 else "female")


def stands_in(text: str, *, today: date) -> bool:
    """Tell whether a correct number of 18 characters stands in a text, in whatever width, whatever is around it."""
    return any(_is_correct(found[1], today) for found in _EIGHTEEN.finditer(normal_text(text)))


def check_character(body: str) -> str:
    """Return the 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def _check_writing(number: str) -> None:
    if not number.isascii() and unicodedata.normalize("NFKC", number).isascii():
        raise Refusal("identity-number-full-width", field=FIELD)
    if _BEFORE_1999.fullmatch(number):
        raise Refusal("identity-number-fifteen-digits", field=FIELD)
    if len(number) != LENGTH:
        raise Refusal("identity-number-length", field=FIELD, expected=LENGTH, actual=len(number))
    if not _WRITTEN.fullmatch(number):
        raise Refusal("identity-number-characters", field=FIELD)


def _birth_date(number: str, today: date) -> date:
    """Read the birth date before the check character: where it is impossible, it names the mistyped part."""
    year, month, day = number[6:10], number[10:12], number[12:14]
    written = f"{year}-{month}-{day}"
    try:
        born = date(int(year), int(month), int(day))
    except ValueError as error:
        raise Refusal("identity-number-impossible-date", field=FIELD, date=written) from error
    if born < FIRST_DAY:
        raise Refusal("identity-number-date-too-early", field=FIELD, date=born, year=FIRST_DAY.year)
    if born > today:
        raise Refusal("identity-number-future-date", field=FIELD, date=born)
    return born


def _kind(number: str) -> Kind:
    if number[0] == "9":
        return "foreign"
    if number[:2] in {"81", "82", "83"}:
        return "hk-macau-taiwan"
    if number[0] in "08":
        raise Refusal("identity-number-beginning", field=FIELD, beginning=number[:2])
    return "citizen"


def _is_correct(number: str, today: date) -> bool:
    try:
        parse(number, today=today)
    except Refusal:
        return False
    return True
