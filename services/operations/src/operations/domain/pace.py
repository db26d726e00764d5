"""How fast a replay may go: a canary in waves first, then at its rate."""

from __future__ import annotations

from dataclasses import dataclass

from operations.domain.items import Kind
from operations.domain.replay import WAVES
from operations.domain.replay_progress import ReplayProgress

MOST_UNDER_WAY = 2_000
"""Messages that may wait for their fate: if one fails again, at most so many were sent after it."""


_HOPELESS = WAVES[0] + WAVES[1]
"""So many events of the trail that failed, and none that got through, say that it is not the events."""


def has_failed(kind: Kind, ledger: ReplayProgress, failed_before: int) -> bool:
    """Tell whether a run is to stop; `failed_before` had failed when it began.

    A failure that fails again says that what was to be mended is not. An event of the trail that fails says nothing of
    those behind it: it is a dead letter, and the run goes on, unless nothing at all gets through.
    """
    failed = ledger.failed - failed_before
    return failed >= _HOPELESS and not ledger.got_through if kind == "trail" else failed > 0


class Canary:
    """The waves of one run. A wave is over when everything that it sent has met its fate."""

    def __init__(self, wave: int = 0, sent: set[int] | None = None) -> None:
        self.wave = wave
        self._sent = sent or set()

    def sent(self, numbers: list[int]) -> None:
        """Note what this wave has sent; what was skipped proves nothing and does not count."""
        self._sent.update(numbers)

    def allowed(self, ledger: ReplayProgress) -> int:
        """Tell how many more may be sent now, and go on to the next wave when this one is over."""
        if self.wave == len(WAVES):
            return max(0, MOST_UNDER_WAY - ledger.sent)
        if len(self._sent) >= WAVES[self.wave] and ledger.are_final(self._sent):
            self.wave, self._sent = self.wave + 1, set()
            return self.allowed(ledger)
        return max(0, WAVES[self.wave] - len(self._sent))


@dataclass(slots=True)
class Pace:
    """A rate in messages a second: what was not used is kept for a quarter of a second, no longer."""

    rate: int
    at: float
    saved: float = 1.0

    def allowed(self, now: float) -> int:
        """Tell how many may be sent at a moment (seconds of any clock that only goes forward)."""
        self.saved = min(self.saved + max(0.0, now - self.at) * self.rate, max(1.0, self.rate / 4))
        self.at = now
        return int(self.saved)

    def spend(self, count: int) -> None:
        """Note that so many were sent."""
        self.saved -= count
