"""The code on a receipt, with which its holder asks for progress without an account.

Twelve characters of Crockford's base 32, 60 bits: not to be guessed at the rates that gateway and service allow.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from standards.normal_form import normal_text

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 12
_GROUP = 4
_MISREAD = str.maketrans("OIL", "011")


def new_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def shown(code: str) -> str:
    """Write a code as people read it aloud: in groups of four."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def normal(typed: str) -> str:
    """Return what was typed, a code or a number, without spaces and hyphens, in capital letters of one width."""
    return "".join(each for each in normal_text(typed).upper() if each.isalnum())


def digest_of(typed: str) -> str:
    """Return what stands for a code in the store; letters that look like figures are read as these."""
    return sha256(normal(typed).translate(_MISREAD).encode()).hexdigest()
