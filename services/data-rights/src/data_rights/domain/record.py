"""A piece of stored state."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

Digest = Callable[[bytes], str]
"""A hash, in hex, under a key of this service's store alone."""


class RightsModel(BaseModel):
    """Frozen, nothing unexpected in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
