"""The contracts of all events: the JSON Schema of each type's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Schema = Mapping[str, object]

_ANY_DEPARTMENT = "department."
"""The publisher in the name of a contract that every department's system publishes under its own code."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """The schemas by event type."""

    schemas: Mapping[str, Schema]

    def of(self, event_type: str) -> Schema | None:
        """Return the schema of a type's data, or None for a type that nobody has promised."""
        found = self.schemas.get(event_type)
        return found if found is not None else self.schemas.get(_ANY_DEPARTMENT + event_type.partition(".")[2])
