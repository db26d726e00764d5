"""Saying no: one exception per kind of refusal, with a code that the message catalogues turn into text.

This module imports nothing of ours, so that domains may use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

Param = str | int | date
"""What a text mentions; a day is written as people of its language do."""


class TextKey(str):
    """A param that is itself a text of the catalogues, with params of its own: what a person reads is never a code."""

    __slots__ = ("params",)
    params: dict[str, Param]

    def __new__(cls, key: str, **params: Param) -> Self:
        made = super().__new__(cls, key)
        made.params = params
        return made


class Refusal(Exception):
    """The input is understood and not acceptable (HTTP 422).

    `code` is the key of its text, `field` the input that is wrong, `params` what the text mentions.
    """

    status = 422

    def __init__(self, code: str, *, field: str | None = None, **params: Param) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params = params


class NotAllowed(Refusal):
    """The caller is known and may not do this (403)."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of (404)."""

    status = 404


class Conflict(Refusal):
    """It contradicts what is already there (409)."""

    status = 409


class PreconditionFailed(Refusal):
    """The caller looked at an older version (412)."""

    status = 412


class TooLarge(Refusal):
    """More bytes than are accepted (413)."""

    status = 413


class Unsupported(Refusal):
    """A media type that is not accepted (415)."""

    status = 415


class Unavailable(Refusal):
    """What is needed for it is not there at the moment (503)."""

    status = 503


class Refusals(Refusal):
    """Several things are wrong at once; all are reported together. Takes the status of the first."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("several")
        self.refusals = tuple(refusals)
        self.status = self.refusals[0].status


def check_version(actual: int, expected: int | None) -> None:
    """Refuse a change that was made on an older version (`If-Match`); None means that the caller did not say.

    Raises PreconditionFailed.
    """
    if expected is not None and actual != expected:
        raise PreconditionFailed("stale-version", expected=expected, actual=actual)
