"""A piece of stored state."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen, nothing unexpected in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
