"""Which handler takes in what: dead letters, receipts, the trail."""

from __future__ import annotations

from collections.abc import Sequence

from operations.handlers.needs import Deps
from runtime.kernel import Kernel
from runtime.service import Background


def background(kernel: Kernel, deps: Deps) -> Sequence[Background]:
    """Return everything that runs beside the requests."""
    del kernel, deps
    return ()
