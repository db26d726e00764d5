"""One driver on one replay: look what became of what was sent, decide, send the next, until there is nothing to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

import structlog

from bus.event import NOTHING, Change, Commit, ConflictError, Outcome, retry_overtaken
from bus.tasks import pause
from operations.domain.edit import Became
from operations.domain.items import BLOCK, Fate, ItemStatus
from operations.domain.pace import Canary, Pace, has_failed
from operations.domain.replay import DRIVER, Replay, Step
from operations.domain.replay_progress import ReplayProgress
from operations.handlers import parcels
from operations.handlers.dependencies import Deps
from operations.handlers.parcels import Send, TakenUp
from runtime.errors import Conflict

log = structlog.get_logger()

_CHUNK = BLOCK
_SOON = 0.05
_LATER = 1.0
_LOOK_EVERY = 0.2
"""Seconds between two looks at what became of what was sent."""
_LONGEST_BACKOFF = 5.0
_LONGEST_WAIT = timedelta(minutes=10)


class ReplayRun:
    """Sends one replay. All that it knows it reads from the store, so that another one can go on at any point."""

    def __init__(
        self, id: str, driver: str, deps: Deps, *, commit: Commit, send: Send, stopping: asyncio.Event
    ) -> None:
        self._id = id
        self._driver = driver
        self._deps = deps
        self._commit = commit
        self._send = send
        self._stopping = stopping
        self._is_lost = False
        self._has_given_up = False
        self._ledger = ReplayProgress(0)
        self._canary = Canary()
        self._pace = Pace(1, 0.0)
        self._run = -1
        self._failed_before = 0
        self._looked_at = 0.0
        self._noted: Mapping[str, object] = {}
        self._trouble: str | None = None
        self._backoff = _SOON

    def lose(self) -> None:
        """Stop: somebody else has the lease."""
        self._is_lost = True

    async def run(self) -> None:
        """Go on until there is nothing to do for now, the service stops or the lease is lost."""
        replay = await self._deps.replays.get(self._id)
        if replay is None:
            return
        await self._begin(replay)
        while not self._stopping.is_set() and not self._is_lost:
            replay = await self._deps.replays.get(self._id)
            if replay is None or await self._turn(replay):
                return

    async def _begin(self, replay: Replay) -> None:
        self._ledger = ReplayProgress(replay.total)
        self._ledger.load(await self._deps.replays.ranks(self._id, range(0, replay.total, BLOCK)))
        self._ledger.recover()
        await self._close_originals(replay)
        self._pace = Pace(replay.rate, time.monotonic())
        progress = (await self._deps.replays.progress([self._id])).get(self._id)
        if progress is not None and progress.run == replay.runs:
            self._run, self._failed_before = progress.run, progress.failed_before
            self._canary = Canary(progress.wave, self._ledger.confirmed())

    async def _close_originals(self, replay: Replay) -> None:
        """Close what an edit replaced and whose fate was told before a driver that died could note the confirm."""
        told = self._ledger.final() if replay.edit is not None else []
        if told:
            await self._committed(lambda: parcels.confirmed(replay, told, self._deps))

    async def _turn(self, replay: Replay) -> bool:
        """Do the next thing; tell whether there is nothing more to do for now."""
        await self._look()
        await self._enter(replay)
        if replay.state == "running":
            await self._go_on(replay)
            return False
        if replay.state == "cancelled":
            await self._give_up(replay)
        if self._ledger.sent and not self._is_long_over(replay):
            await pause(_LATER, self._stopping)
            return False
        return await self._end(replay)

    async def _give_up(self, replay: Replay) -> None:
        """Let go of everything, once."""
        unsent, sent = self._ledger.unconfirmed(), self._ledger.confirmed()
        if replay.edit is not None:  # the failure of a single edit is held before anything is sent
            unsent = self._ledger.unsent()
        if not self._has_given_up:
            await self._committed(lambda: parcels.give_up(replay, unsent, sorted(sent), self._deps))
            self._learn(unsent, ItemStatus.SKIPPED)
            self._has_given_up = True

    def _is_long_over(self, replay: Replay) -> bool:
        """Whether what was not heard of since it was cancelled is not waited for any more."""
        return replay.ended_at is not None and self._deps.clock() - replay.ended_at > _LONGEST_WAIT

    async def _end(self, replay: Replay) -> bool:
        """Nothing is under way any more: finish what is complete, rest otherwise."""
        self._ledger.load(await self._deps.replays.ranks(self._id, range(0, replay.total, BLOCK)))
        if self._ledger.is_settled and not replay.is_over:
            await self._step(replay, "finish")
            return False
        if replay.is_over and replay.edit is not None:
            await self._committed(lambda: self._settled(str(replay.edit)))
        await self._note(now=True)
        return await self._deps.replays.rest(self._id, self._driver, replay.version)

    async def _go_on(self, replay: Replay) -> None:
        if self._ledger.is_settled:
            await self._end(replay)
        elif not self._ledger.is_sent_out and has_failed(replay.kind, self._ledger, self._failed_before):
            await self._step(replay, "stop")
        else:
            allowed = min(self._canary.allowed(self._ledger), self._pace.allowed(time.monotonic()), _CHUNK)
            numbers = self._ledger.take(allowed)
            if numbers:
                await self._note(now=self._canary.wave != self._noted.get("wave"))
                await self._send_some(replay, numbers)
            else:
                await pause(_LOOK_EVERY if self._ledger.is_sent_out else _SOON, self._stopping)

    async def _send_some(self, replay: Replay, numbers: list[int]) -> None:
        taken = await self._take_up(replay, numbers)
        if taken.skipped:  # one that a driver before has sent may have met its fate
            self._learn(taken.skipped, ItemStatus.SKIPPED)
            self._ledger.load(await self._deps.replays.ranks(self._id, taken.skipped))
        self._learn([parcel.n for parcel in taken.parcels], ItemStatus.SENDING)
        self._pace.spend(len(taken.parcels))
        published = await parcels.publish(taken.parcels, self._send)
        if published.confirmed:
            await self._committed(lambda: parcels.confirmed(replay, published.confirmed, self._deps))
            self._learn(published.confirmed, ItemStatus.SENT)
            self._canary.sent(published.confirmed)
        self._ledger.again(published.unconfirmed)
        if published.queue_gone:
            await self._step(replay, "block")
        elif published.broker_away:
            await self._wait_for_broker()
        else:
            self._trouble, self._backoff = None, _SOON

    async def _take_up(self, replay: Replay, numbers: list[int]) -> TakenUp:
        """Take items up; whoever changed one of their failures meanwhile is heard first."""

        async def take_up() -> TakenUp:
            taken = await parcels.take_up(replay, numbers, self._deps)
            await self._commit(taken.outcome)
            return taken

        return await retry_overtaken(take_up)

    async def _wait_for_broker(self) -> None:
        """Wait a little longer each time; what was not confirmed is sent again."""
        self._trouble = "broker-away"
        await self._note(now=True)
        await pause(self._backoff, self._stopping)
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)

    async def _step(self, replay: Replay, step: Step) -> None:
        """Take a step that no operator took; if one was faster, the next turn sees what it was."""
        try:
            taken = replay.take(step, by=DRIVER, at=self._deps.clock())
            changes: list[Change] = [self._deps.replays.save(taken)]
            if step == "finish" and replay.edit is not None:
                changes += (await self._settled(replay.edit)).changes
            await self._commit(Outcome(changes=changes))
            log.info("replay_step", step=step, state=taken.state)
        except (ConflictError, Conflict):
            log.info("replay_step_overtaken", step=step)
        await self._note(now=True)

    async def _settled(self, id: str) -> Outcome[None]:
        """Say of an edit what became of what it sent: of several messages, the least that can be said of all.

        One of which nothing was sent, as everything had changed meanwhile, is given up.
        """
        edit = await self._deps.edits.get(id)
        if edit is None:
            return NOTHING
        became = next((fate for rank, fate in _BECAME.items() if self._ledger.count(rank)), None)
        now = self._deps.clock()
        settled = edit.settle(Fate(self._id, became, now)) if became else edit.give_up(DRIVER, now, "")
        return Outcome(changes=[self._deps.edits.save(settled)] if settled != edit else [])

    async def _enter(self, replay: Replay) -> None:
        """Begin a new run with a new canary; what failed before it began does not stop it."""
        if replay.runs != self._run:
            self._run, self._failed_before = replay.runs, self._ledger.failed
            self._canary = Canary()
            await self._note(now=True)

    async def _look(self) -> None:
        """Learn what became of what was sent."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_EVERY:
            self._ledger.load(
                await self._deps.replays.ranks(self._id, self._ledger.blocks_under_way(), ItemStatus.SKIPPED)
            )
            self._looked_at = time.monotonic()
            await self._note()

    async def _note(self, *, now: bool = False) -> None:
        """Note how far it is, when that is something new."""
        values: dict[str, object] = {
            "run": self._run,
            "wave": self._canary.wave,
            "failed_before": self._failed_before,
            "counts": self._ledger.counts(),
            "trouble": self._trouble,
        }
        if now or values != self._noted:
            self._noted = values
            if not await self._deps.replays.note(self._id, self._driver, {**values, "at": self._deps.clock()}):
                self.lose()

    async def _committed(self, work: Callable[[], Awaitable[Outcome[None]]]) -> None:
        """Commit what `work` decides, again when somebody else was faster."""

        async def attempt() -> None:
            await self._commit(await work())

        await retry_overtaken(attempt)

    def _learn(self, numbers: Iterable[int], rank: ItemStatus) -> None:
        for n in numbers:
            self._ledger.learn(n, rank)


_BECAME: Mapping[ItemStatus, Became] = {
    ItemStatus.FAILED: "failed",
    ItemStatus.HANDLED: "handled",
    ItemStatus.IGNORED: "ignored",
}
