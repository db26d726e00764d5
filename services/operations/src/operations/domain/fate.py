"""What became of a message that a replay sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from operations.domain.cause import Cause


class FailedAgain(BaseModel):
    """Why a message failed this time, and the failure that it is now; what is personal is masked in `message`."""

    model_config = ConfigDict(frozen=True)

    failure: str
    cause: Cause
    message: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """`item` (of a replay) was handled, ignored as it had been handled before, or has failed again."""

    item: str
    fate: Literal["handled", "ignored", "failed"]
    at: datetime
    again: FailedAgain | None = None
    """Why, of one that has failed again."""
