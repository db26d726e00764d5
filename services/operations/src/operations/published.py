"""The event that operations owns."""

from __future__ import annotations

from typing import ClassVar

from runtime import accesses


class DataAccessed(accesses.DataAccessed):
    """An operator read a message about a resident in clear."""

    type: ClassVar[str] = "operations.data-accessed.v1"
