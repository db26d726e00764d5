from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from operations.domain.items import BLOCK, ChosenItem, ItemBlock, ItemStatus, block_ids, freeze, item_id, parse_item
from operations.domain.pace import MOST_UNDER_WAY, Canary, Pace
from operations.domain.preview import look_ahead
from operations.domain.replay import WAVES, Replay, ReplayCounts, Step, prepared
from operations.domain.replay_progress import ReplayProgress
from operations.domain.search import ChosenFailures
from runtime.errors import Conflict, Refusal

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def chosen(number: int) -> list[ChosenItem]:
    return [ChosenItem("stock", f"e{n}", "shop.order-placed.v1", f"f{n}", 1) for n in range(number)]


def replay(number: int = 3) -> Replay:
    selected = chosen(number)
    return prepared(
        "r1",
        "failures",
        ChosenFailures(group="g1"),
        title="",
        reason="repaired",
        by="ann",
        rate=50,
        total=len(selected),
        preview=look_ahead(selected, ["g1"] * number, (), 50),
        at=NOW,
    )


class Replaying(RuleBasedStateMachine):
    """Steps in any order: from each state just those that lead somewhere, and the history tells of each."""

    def __init__(self) -> None:
        super().__init__()
        self.replay = replay()
        self.taken = 1

    @rule(step=st.sampled_from(["start", "pause", "resume", "cancel", "stop", "block", "finish"]))
    def take(self, step: Step) -> None:
        before = self.replay
        try:
            self.replay = before.take(step, by="ben", at=NOW, reason="why")
        except Conflict:
            assert self.replay == before
        else:
            self.taken += 1
            assert not before.is_over, "what is over stays over"

    @invariant()
    def history_is_complete(self) -> None:
        assert len(self.replay.history) == self.taken

    @invariant()
    def it_has_run_as_often_as_it_was_begun(self) -> None:
        begun = sum(each.step in {"start", "resume"} for each in self.replay.history)
        assert self.replay.runs == begun
        assert (self.replay.started_at is not None) == (begun > 0)

    @invariant()
    def a_problem_is_told_while_it_holds_the_replay_up(self) -> None:
        problem = self.replay.problem
        assert problem is None or self.replay.state in {"paused", "stopped"}

    @invariant()
    def its_end_is_told_when_it_is_over(self) -> None:
        assert (self.replay.ended_at is not None) == self.replay.is_over


TestReplaying = Replaying.TestCase

FACTS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(ItemStatus)), max_size=30)


def block() -> ItemBlock:
    return next(freeze("r1", "failures", chosen(5)))


@given(FACTS, st.randoms())
def test_what_is_known_of_items_is_the_same_in_any_order_and_however_often_it_is_told(
    facts: list[tuple[int, ItemStatus]], chance: Random
) -> None:
    told, again = block(), block()
    for n, rank in facts:
        told = told.learn({n: rank}, NOW)
    shuffled = facts * 2
    chance.shuffle(shuffled)
    for n, rank in shuffled:
        again = again.learn({n: rank}, NOW)
    assert told.ranks == again.ranks


@given(
    st.lists(st.sampled_from([ItemStatus.SENT, ItemStatus.IGNORED, ItemStatus.FAILED, ItemStatus.HANDLED]), min_size=1)
)
def test_handled_is_handled_whatever_else_is_heard(ranks: list[ItemStatus]) -> None:
    told = block()
    for rank in [*ranks[: len(ranks) // 2], ItemStatus.HANDLED, *ranks[len(ranks) // 2 :]]:
        told = told.learn({0: rank}, NOW)
    assert told.item(0).rank.state == "handled"


@given(st.integers(1, 700))
def test_a_selection_keeps_its_order_in_blocks(number: int) -> None:
    selected = chosen(number)
    blocks = list(freeze("r1", "trail", selected))
    assert [item.chosen for each in blocks for item in each.items] == selected
    assert [each.id for each in blocks] == block_ids("r1", range(number))
    assert max(len(each.ranks) for each in blocks) <= BLOCK


@given(st.integers(0, 10**9))
def test_an_items_id_tells_replay_and_number(n: int) -> None:
    assert parse_item(item_id("rep_1", n)) == ("rep_1", n)


@pytest.mark.parametrize("text", ["", "rep", "rep/", "/1", "rep/x", "rep/-1", "rep/²"])
def test_what_is_no_items_id_is_none(text: str) -> None:
    assert parse_item(text) is None


def test_a_replay_of_nothing_is_refused() -> None:
    with pytest.raises(Refusal, match="nothing-selected"):
        replay(0)


class Sending(RuleBasedStateMachine):
    """A driver that dies at any point: at the end every item was sent, none was forgotten, none sent anew when done."""

    TOTAL = 30

    def __init__(self) -> None:
        super().__init__()
        self.kept = bytearray(self.TOTAL)
        self.sent: list[int] = []
        self.ledger = ReplayProgress(self.TOTAL)

    def learn(self, n: int, rank: ItemStatus) -> None:
        self.kept[n] = max(self.kept[n], rank)
        self.ledger.learn(n, rank)

    @rule(most=st.integers(1, 12), confirmed=st.booleans())
    def send(self, most: int, confirmed: bool) -> None:  # noqa: FBT001 - drawn
        taken = self.ledger.take(most)
        for n in taken:
            assert self.kept[n] < ItemStatus.SENT, "it is confirmed: it is not sent again"
            self.learn(n, ItemStatus.SENDING)
            self.sent.append(n)
            if confirmed:
                self.learn(n, ItemStatus.SENT)
        if not confirmed:
            self.ledger.again(taken)

    @rule(
        n=st.integers(0, TOTAL - 1), rank=st.sampled_from([ItemStatus.HANDLED, ItemStatus.FAILED, ItemStatus.IGNORED])
    )
    def hear(self, n: int, rank: ItemStatus) -> None:
        if n in self.sent:
            self.learn(n, rank)

    @rule()
    def die_and_go_on(self) -> None:
        self.ledger = ReplayProgress(self.TOTAL)
        self.ledger.load(dict(enumerate(self.kept)))
        self.ledger.recover()

    @invariant()
    def counts_agree_with_what_is_kept(self) -> None:
        assert self.ledger.counts() == ReplayCounts.of(self.kept)

    def teardown(self) -> None:
        while taken := self.ledger.take(7):
            self.sent += taken
            for n in taken:
                self.learn(n, ItemStatus.SENT)
        assert set(self.sent) == set(range(self.TOTAL)), "lost"
        assert self.ledger.is_sent_out


TestSending = Sending.TestCase


def test_each_wave_waits_until_all_that_it_sent_has_met_its_fate() -> None:
    ledger, canary, sizes = ReplayProgress(1_000), Canary(), []
    while canary.wave < len(WAVES):
        taken = ledger.take(canary.allowed(ledger))
        sizes.append(len(taken))
        canary.sent(taken)
        for n in taken:
            ledger.learn(n, ItemStatus.SENT)
        assert canary.allowed(ledger) == 0
        for n in taken:
            ledger.learn(n, ItemStatus.HANDLED)
        canary.allowed(ledger)
    assert tuple(sizes) == WAVES
    assert canary.allowed(ledger) == MOST_UNDER_WAY


def test_what_was_skipped_proves_nothing() -> None:
    ledger, canary = ReplayProgress(10), Canary()
    ledger.learn(ledger.take(1)[0], ItemStatus.SKIPPED)
    assert canary.allowed(ledger) == 1


@given(st.integers(1, 2_000), st.lists(st.floats(0.0, 2.0), max_size=40))
def test_a_rate_is_never_exceeded_but_by_a_quarter_of_a_second(rate: int, steps: list[float]) -> None:
    pace, now, sent = Pace(rate, 0.0), 0.0, 0
    for step in steps:
        now += step
        allowed = pace.allowed(now)
        pace.spend(allowed)
        sent += allowed
        assert sent <= rate * now + max(1.0, rate / 4) + 1


def test_a_rate_is_reached() -> None:
    pace, sent = Pace(50, 0.0), 0
    for tick in range(1, 101):
        allowed = pace.allowed(tick * 0.05)
        pace.spend(allowed)
        sent += allowed
    assert sent == pytest.approx(250, abs=2)


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    pace = Pace(50, 100.0)
    pace.spend(pace.allowed(100.0))
    assert pace.allowed(100.0 - timedelta(hours=1).total_seconds()) == 0
