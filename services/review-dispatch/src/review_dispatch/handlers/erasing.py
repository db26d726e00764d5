"""Erasure: what people decided stays as long as the case that it belongs to.

What may go is declared in `shared/contracts/retention.yaml`.
"""

from __future__ import annotations

from messaging.event import Outcome, Received
from review_dispatch.handlers.needs import Deps
from review_dispatch.published import DataErased
from runtime.erasing import ErasureRequested


async def erase(event: Received[ErasureRequested], deps: Deps) -> Outcome[None]:
    """Erase what may go, and answer with what went and what stays."""
    return await deps.eraser.answer(DataErased, event.data)
