"""Fields that follow from others of a record and are kept with them, so that the store finds and sorts by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from pydantic import computed_field

ValueT = TypeVar("ValueT")
ValueT_co = TypeVar("ValueT_co", covariant=True)


class Derived(Protocol[ValueT_co]):
    """What `derived` makes of a method: read like a field."""

    def __get__(self, record: object, kind: type | None = None) -> ValueT_co:
        """Return its value."""


def derived(method: Callable[[Any], ValueT]) -> Derived[ValueT]:
    """Make a method of a pydantic model a field that is dumped with the others.

    It is pydantic's `computed_field` of a property, with a type that a type checker can follow.
    """
    return cast("Derived[ValueT]", computed_field(property(method)))
