"""Numbers that look and check like the real ones: identity cards, certificates, records, accounts."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Literal

from stdnum.iso7064 import mod_11_2

Sex = Literal["male", "female"]

_SEQUENCES = 500
_ACCOUNT_DIGITS = 13


def identity_number(dice: Random, *, area: str, born: date, sex: Sex) -> str:
    """Make a citizen identity number after GB 11643-1999: area, birth date, sequence (odd for men), check character."""
    sequence = 2 * dice.randrange(_SEQUENCES) + (1 if sex == "male" else 0)
    return with_check_character(f"{area}{born:%Y%m%d}{sequence:03d}")


def with_check_character(first_seventeen: str) -> str:
    """Add the ISO 7064 MOD 11-2 check character to the first seventeen digits."""
    check: str = mod_11_2.calc_check_digit(first_seventeen)
    return first_seventeen + check


def birth_certificate_number(dice: Random) -> str:
    """Make a birth certificate's number: a letter and nine digits."""
    return f"{dice.choice('STUVW')}{dice.randrange(10**9):09d}"


def property_certificate_number(dice: Random, year: int) -> str:
    """Make the number of a real-estate certificate of Shenzhen."""
    return f"粤({year})深圳市不动产权第{dice.randrange(10**7):07d}号"


def household_number(dice: Random) -> str:
    """Make a household register's number of nine digits."""
    return f"{dice.randrange(10**9):09d}"


def account_number(dice: Random) -> str:
    """Make a bank account's number of nineteen digits."""
    return f"621700{dice.randrange(10**_ACCOUNT_DIGITS):0{_ACCOUNT_DIGITS}d}"
