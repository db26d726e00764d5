"""What became of a message that a replay sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fate:
    """`item` (of a replay) was handled, ignored as it had been handled before, or has failed again."""

    item: str
    fate: Literal["handled", "ignored", "failed"]
    at: datetime
