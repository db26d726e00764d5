"""Terminals: each proves its key with each request, and is stopped when there are two of it."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

from bus.event import Outcome
from identity.domain import terminal as terminals
from identity.domain.terminal import Terminal
from identity.handlers.dependencies import Deps, actor
from runtime.errors import NotAllowed, NotFound
from web.auth import NotAuthenticatedError, Principal
from web.proof import PossessionProof

STOPPED = Counter("yizheng_terminals_stopped", "Terminals that were stopped because two devices had one key")

log = structlog.get_logger()


async def present(by: Principal, proof: PossessionProof, deps: Deps) -> Outcome[Terminal]:
    """Take note of a terminal's proof; one that contradicts an earlier one stops the terminal.

    A delegation is counted once, however many requests are made under it. Raises NotAuthenticatedError for the very
    same proof once more, NotAllowed for a terminal that is stopped or has a key that was withdrawn.
    """
    known = await deps.terminals.get(by.subject) or Terminal(id=by.subject, key=proof.key)
    terminal = terminals.check_key(known, proof.key)
    match terminals.judge(terminal, proof.counter, proof.id):
        case "good":
            counted = terminals.counted(terminal, proof.counter, proof.id)
            return Outcome([deps.terminals.save(counted)], result=counted)
        case "repeated" if proof.is_delegated:
            return Outcome(result=terminal)
        case "repeated":
            raise NotAuthenticatedError("proof-used")
        case "contradiction":
            stopped = terminals.stop(terminal, proof.counter, deps.clock())
            return Outcome([deps.terminals.save(stopped)], result=stopped)


def refuse_stopped(terminal: Terminal) -> None:
    """Tell that a terminal has just been stopped. Raises NotAllowed."""
    if terminal.stopped is not None:
        STOPPED.inc()
        log.error("terminal_stopped", terminal=terminal.id, key=terminal.key, counter=terminal.stopped.counter)
        raise NotAllowed("terminal-stopped")


async def stopped(deps: Deps, *, after: str | None, limit: int) -> list[Terminal]:
    """List the terminals that are stopped, by id."""
    return await deps.terminals.stopped(after=after, limit=limit)


async def reinstate(id: str, reason: str, by: Principal, deps: Deps) -> Outcome[Terminal]:
    """Let a terminal work again, with a new key. Raises NotFound, Conflict."""
    terminal = await deps.terminals.get(id)
    if terminal is None:
        raise NotFound("unknown-terminal")
    reinstated = terminals.reinstate(terminal, reason, actor(by), deps.clock())
    return Outcome([deps.terminals.save(reinstated)], result=reinstated)
