"""Erasure: evidence follows its sources, and stays as long as theirs does.

What may go is declared in `shared/contracts/retention.yaml`.
"""

from __future__ import annotations

from matcher.handlers.needs import Deps
from matcher.published import DataErased
from messaging.event import Outcome, Received
from runtime.erasing import ErasureRequested


async def erase(event: Received[ErasureRequested], deps: Deps) -> Outcome[None]:
    """Erase what may go, and answer with what went and what stays."""
    return await deps.eraser.answer(DataErased, event.data)
