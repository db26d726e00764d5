"""One colour for one state, wherever it is shown: on the page, in its bars, at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Tone = Literal["good", "warn", "bad", "busy", "plain"]

_TONES: Mapping[str, Tone] = {
    "open": "bad", "failed": "bad", "stopped": "bad", "broken": "bad", "done-with-failures": "bad",
    "prepared": "warn", "proposed": "warn", "paused": "warn", "ignored": "warn", "done-without-effect": "warn",
    "replaying": "busy", "running": "busy", "approved": "busy", "sending": "busy", "sent": "busy",
    "resolved": "good", "handled": "good", "done": "good", "whole": "good",
}  # fmt: skip


def tone(state: str) -> Tone:
    """Return the tone of a state of a failure, a replay, one of its messages or an edit."""
    return _TONES.get(state, "plain")
