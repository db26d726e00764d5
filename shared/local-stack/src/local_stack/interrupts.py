"""Ctrl-C and SIGTERM: both end a run the orderly way, and neither disturbs the clean-up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process through every `finally`, as if Ctrl-C had been typed."""
    if not _may_set_handlers() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore a second Ctrl-C while the first is being obeyed; what is done here must have its own deadline."""
    if not _may_set_handlers():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _may_set_handlers() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
