"""Erasure: the register of what was issued stays.

What may go is declared in `shared/contracts/retention.yaml`.
"""

from __future__ import annotations

from credential_store.handlers.needs import Deps
from credential_store.published import DataErased
from messaging.event import Outcome, Received
from runtime.erasing import ErasureRequested


async def erase(event: Received[ErasureRequested], deps: Deps) -> Outcome[None]:
    """Erase what may go, and answer with what went and what stays."""
    return await deps.eraser.answer(DataErased, event.data)
