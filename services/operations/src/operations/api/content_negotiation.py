"""Content negotiation: in which of the forms that there are a caller wants something."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.errors import Refusal


class NotAcceptable(Refusal):
    """None of the forms that the caller accepts is there (406)."""

    status = 406


def chosen(accept: str | None, available: Sequence[str]) -> str:
    """Return the available media type that an `Accept` header likes best, the first of equals.

    Raises NotAcceptable when it likes none (RFC 9110, 12.5.1).
    """
    liked = [(_quality(accept or "*/*", each), each) for each in available]
    best = max(liked, key=lambda pair: pair[0])
    if best[0] <= 0:
        raise NotAcceptable("not-acceptable", available=", ".join(available))
    return best[1]


def _quality(accept: str, media_type: str) -> float:
    """How much a media type is liked: by the most exact range that covers it."""
    covering = {"*/*": 0, f"{media_type.partition('/')[0]}/*": 1, media_type: 2}
    found = (-1, 0.0)
    for part in accept.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        if name in covering:
            found = max(found, (covering[name], _weight(parameters)))
    return found[1]


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
