"""A claim that a step makes about what a person would see; a step whose claim is wrong has failed."""

from __future__ import annotations


class ClaimFailedError(Exception):
    """What was to be seen was not; the message says what was there instead."""


def claim(what: str, *, seen: object, expected: object) -> None:
    """Compare what is seen with what is claimed. Raises ClaimFailedError."""
    if seen != expected:
        raise ClaimFailedError(f"{what}: expected {expected!r}, saw {seen!r}")


def claim_that(what: str, *, holds: bool, seen: object = "") -> None:
    """Claim something that is true or not. Raises ClaimFailedError."""
    if not holds:
        raise ClaimFailedError(f"{what}; saw {seen!r}")
