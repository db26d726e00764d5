"""Erasure: what was never decided or not granted goes, with its scans; what was granted stays for its term.

What may go is declared in `shared/contracts/retention.yaml`.
"""

from __future__ import annotations

from applications.handlers.needs import Deps
from applications.published import DataErased, ErasurePreviewed
from messaging.event import Outcome, Received
from runtime.erasing import ErasurePreviewRequested, ErasureRequested


async def preview(event: Received[ErasurePreviewRequested], deps: Deps) -> Outcome[None]:
    """Tell what would go and what would stay."""
    return await deps.eraser.preview(ErasurePreviewed, event.data)


async def erase(event: Received[ErasureRequested], deps: Deps) -> Outcome[None]:
    """Erase what may go, and answer with what went and what stays."""
    return await deps.eraser.answer(DataErased, event.data)
