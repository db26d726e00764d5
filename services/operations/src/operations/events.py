"""The events that operations owns."""

from __future__ import annotations

from typing import ClassVar

from privacy import access_log, erasure, exports


class DataAccessed(access_log.DataAccessed):
    """An operator read a message about a resident in clear."""

    type: ClassVar[str] = "operations.data-accessed.v1"


class DataErased(erasure.DataErased):
    """What the trail and the dead letters said of the cases that were erased is gone, too."""

    type: ClassVar[str] = "operations.data-erased.v1"


class DataExported(exports.DataExported):
    """What operations finds of a resident: messages about them that failed, and the events of their registration."""

    type: ClassVar[str] = "operations.data-exported.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """What the trail and the dead letters say of the cases that would go."""

    type: ClassVar[str] = "operations.erasure-previewed.v1"
