"""Ctrl-C, SIGTERM and a closed terminal: each ends a run the orderly way, and none disturbs the clean-up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], object] | int | None


@contextmanager
def orderly_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process through every `finally`, as if Ctrl-C had been typed."""
    if not _may_set_handlers() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        _restore(before)


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
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _may_set_handlers() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
