"""A self-service terminal: one device with one key in one place, and a counter that tells when there are two of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from identity.domain.record import IdentityModel, RecordedActor
from runtime.errors import Conflict, NotAllowed

WINDOW = 32
"""How many of the latest counters are remembered: requests that overtake each other are no contradiction."""

Verdict = Literal["good", "repeated", "contradiction"]


class Used(IdentityModel):
    """A counter, and the id of the proof that carried it."""

    counter: int
    proof: str


class Stopped(IdentityModel):
    """Since when (UTC) a terminal is stopped, and at which counter two of it were noticed."""

    since: datetime
    counter: int


class Reinstated(IdentityModel):
    """Who let a terminal work again, when (UTC) and why."""

    by: RecordedActor
    at: datetime
    reason: str


class Terminal(IdentityModel):
    """A terminal by its id. `used` are its latest counters, in order.

    `withdrawn` are keys that were in two devices once: they are never accepted again.
    """

    id: str
    version: int = 0
    key: str
    used: tuple[Used, ...] = ()
    withdrawn: tuple[str, ...] = ()
    stopped: Stopped | None = None
    reinstated: tuple[Reinstated, ...] = ()


def judge(terminal: Terminal, counter: int, proof_id: str) -> Verdict:
    """Tell what a proof says: good; the very same once more; or that another device has counted there already."""
    same = next((used for used in terminal.used if used.counter == counter), None)
    if same is not None:
        return "repeated" if same.proof == proof_id else "contradiction"
    behind = len(terminal.used) >= WINDOW and counter < terminal.used[0].counter
    return "contradiction" if behind else "good"


def counted(terminal: Terminal, counter: int, proof_id: str) -> Terminal:
    """Remember a proof."""
    used = (*terminal.used, Used(counter=counter, proof=proof_id))
    return terminal.model_copy(update={"used": tuple(sorted(used, key=lambda each: each.counter)[-WINDOW:])})


def stop(terminal: Terminal, counter: int, at: datetime) -> Terminal:
    """Stop a terminal of which there are two; its key is never accepted again, whichever of them is the right one."""
    stopped = Stopped(since=at, counter=counter)
    return terminal.model_copy(update={"stopped": stopped, "withdrawn": (*terminal.withdrawn, terminal.key)})


def reinstate(terminal: Terminal, reason: str, by: RecordedActor, at: datetime) -> Terminal:
    """Let it work again, with the new key that it was given. Raises Conflict when it is not stopped."""
    if terminal.stopped is None:
        raise Conflict("terminal-not-stopped")
    done = (*terminal.reinstated, Reinstated(by=by, at=at, reason=reason))
    return terminal.model_copy(update={"stopped": None, "used": (), "reinstated": done})


def check_key(terminal: Terminal, key: str) -> Terminal:
    """Return the terminal with the key that its token names now; a new key begins to count anew.

    Raises NotAllowed for a terminal that is stopped, and for a key that was withdrawn.
    """
    if terminal.stopped is not None:
        raise NotAllowed("terminal-stopped")
    if key in terminal.withdrawn:
        raise NotAllowed("terminal-key-withdrawn")
    return terminal if key == terminal.key else terminal.model_copy(update={"key": key, "used": ()})
