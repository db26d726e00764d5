"""Dead letters become failures and groups, counted once whatever the order and the repetition."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.batch_consumer import RawMessage
from bus.event import Outcome
from bus.event_encryption import EventCipher
from operations.domain.contracts import Contracts
from operations.domain.failure import Failure, hold
from operations.domain.items import FailedAgain
from operations.domain.letter import Cause, group_id
from operations.domain.tokens import FieldKey
from operations.handlers import dead_letters
from operations.handlers.dependencies import Deps
from operations.store.contracts import contracts_in
from services.operations.tests.letterbox import (
    EXAMPLES,
    KEY,
    NOON,
    FakeErased,
    FakeFailures,
    FakeFates,
    example,
    headers_of,
    later,
    raw,
)
from testkit import signers
from testkit.fakes import FakeClock, apply

CONTRACTS = contracts_in(EXAMPLES)


@dataclass
class Box:
    """What taking in needs."""

    failures: FakeFailures = field(default_factory=FakeFailures)
    replays: FakeFates = field(default_factory=FakeFates)
    erased: FakeErased = field(default_factory=FakeErased)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    contracts: Contracts = CONTRACTS
    cipher: EventCipher = signers.CIPHER
    words_key: FieldKey = field(default_factory=lambda: FieldKey(KEY, KEY))

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def take(self, *batch: RawMessage) -> None:
        apply(await dead_letters.take(batch, self.deps))

    @property
    def only(self) -> Failure:
        (failure,) = self.failures.all.values()
        return failure


def some_letters() -> list[RawMessage]:
    """Return nine letters: three messages, one of which failed of two causes, one twice in the same moment."""
    events = [example(id=f"event-{n}") for n in range(3)]
    first = [raw(event, f"a{n}", later(n)) for n, event in enumerate(events)]
    second = [raw(event, f"b{n}", later(10 + n), exception="ValueError") for n, event in enumerate(events[:2])]
    third = [raw(events[0], f"c{n}", later(20 + n)) for n in range(3)]
    other = [raw(events[0], "d", later(5), queue="applications.dead-letters")]
    return [*first, *second, *third, *other]


def state_of(box: Box) -> object:
    failures = {
        id_: (each.seen, each.first_seen, each.last_seen, each.group, each.state, set(each.occurrences))
        for id_, each in box.failures.all.items()
    }
    return failures, dict(box.failures.seen), box.failures.counts


@given(st.data())
def test_any_order_and_any_repetition_of_letters_ends_in_the_same_counts(data: st.DataObject) -> None:
    every = some_letters()
    order = data.draw(st.permutations(every))
    repeated = data.draw(st.lists(st.sampled_from(every), max_size=6))
    shuffled = data.draw(st.permutations([*order, *repeated]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(shuffled)), max_size=4)))

    async def run(batches: Sequence[Sequence[RawMessage]]) -> Box:
        box = Box()
        for batch in batches:
            await box.take(*batch)
        return box

    straight = asyncio.run(run([every]))
    parts = [shuffled[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    assert state_of(asyncio.run(run(parts))) == state_of(straight)
    assert sum(straight.failures.seen.values()) == len(every)


async def test_the_whole_letter_is_kept() -> None:
    box = Box()
    event = example()
    await box.take(raw(event, "a", later(1)))
    failure = box.only
    assert (failure.service, failure.event_id, failure.case) == ("matcher", event["id"], event["correlationid"])
    assert (failure.reason, failure.exception, failure.attempts) == ("handler-failed", "KeyError", 15)
    assert failure.frame == "matcher/handlers/people.py learn_person"
    assert failure.stack.startswith("Traceback")
    assert "x-stack" not in failure.headers
    assert failure.first_seen == failure.last_seen == later(1)
    assert failure.source == "/yizheng/identity"


async def test_what_the_broker_gave_up_is_told_from_the_event_and_the_name_of_its_queue() -> None:
    box = Box()
    event = example()
    death = [{"count": 1, "reason": "delivery_limit", "queue": "matcher"}]
    await box.take(raw(event, "a", headers={"x-death": death, "x-first-death-reason": "delivery_limit"}))
    failure = box.only
    assert (failure.reason, failure.service, failure.event_type) == ("delivery-limit", "matcher", event["type"])
    assert failure.headers["x-death"] == '[{"count":1,"reason":"delivery_limit","queue":"matcher"}]'


@pytest.mark.parametrize("body", [b"", b"not json", b"[1, 2]", b'"text"', b"\xff\xfe\x00", b'{"type": 7, "id": null}'])
async def test_whatever_the_body_is_it_is_kept(body: bytes) -> None:
    box = Box()
    await box.take(raw(body, "a", headers={"x-reason": "not-json", "x-event-type": "a.b.v1"}))
    assert (box.only.body, box.only.reason, box.only.event_type) == (body, "not-json", "a.b.v1")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-reason": 7, "x-attempts": "many", "x-failed-at": "yesterday", "x-case": b"\xff"},
        {"x-reason": "", "x-attempts": -1, "x-failed-at": "9999-12-31T23:59:59-14:00", "x-stack": None},
        {},
    ],
)
async def test_headers_that_mean_nothing_are_no_obstacle(headers: dict[str, object]) -> None:
    box = Box()
    await box.take(raw(example(), "a", headers=headers))
    assert box.only.seen == 1


async def test_letters_without_an_id_are_told_apart_by_their_headers() -> None:
    box = Box()
    one, other = (raw(example(), "", later(n)) for n in range(2))
    await box.take(one, other, one)
    assert box.only.seen == 2


async def test_the_same_body_many_times_in_one_batch_is_one_failure() -> None:
    box = Box()
    batch = [raw(b"broken", f"a{n}", headers={"x-reason": "not-json"}) for n in range(500)]
    await box.take(*batch)
    await box.take(*batch)
    assert box.only.seen == 500


async def test_what_was_discarded_and_fails_again_is_open_again() -> None:
    box = Box()
    await box.take(raw(example(), "a"))
    apply_discard(box)
    await box.take(raw(example(), "b", later(1)))
    assert (box.only.state, box.only.discarded, box.only.seen) == ("open", None, 2)
    assert list(box.failures.counts.values()) == [1]


def apply_discard(box: Box) -> None:
    before = box.only
    after = before.model_copy(update={"state": "discarded"})
    apply(Outcome(changes=box.failures.moved([(before, after)])))


async def test_a_replayed_message_that_fails_again_is_open_again_and_its_replay_is_told() -> None:
    box = Box()
    await box.take(raw(example(), "a"))
    before = box.only
    apply(Outcome(changes=box.failures.moved([(before, hold(before, "rep_1"))])))
    again = raw(example(), "b", later(1), headers={**headers_of(example(), later(1)), "x-replay": "rep_1/0"})
    await box.take(again)
    await box.take(again)
    assert (box.only.state, box.only.seen) == ("open", 2)
    (fate,) = box.replays.noted
    assert (fate.item, fate.fate, fate.at) == ("rep_1/0", "failed", later(1))
    assert fate.again == FailedAgain(failure=before.id, cause=before.cause, message=before.message)


async def test_another_letter_does_not_end_a_replay() -> None:
    box = Box()
    await box.take(raw(example(), "a"))
    before = box.only
    apply(Outcome(changes=box.failures.moved([(before, hold(before, "rep_1"))])))
    await box.take(raw(example(), "b", later(1)))
    assert (box.only.state, box.only.replay, box.only.seen) == ("replaying", "rep_1", 2)


async def test_an_edited_event_that_fails_is_linked_with_the_one_that_it_replaces() -> None:
    box = Box()
    original, edited = example(), example(id="edited", replaces=example()["id"])
    await box.take(raw(original, "a"))
    await box.take(raw(edited, "b", later(1)))
    first, second = sorted(box.failures.all.values(), key=lambda each: each.first_seen)
    assert (second.replaces, first.replaced_by) == (original["id"], second.id)


async def test_both_are_linked_when_they_come_together() -> None:
    box = Box()
    original, edited = example(), example(id="edited", replaces=example()["id"])
    await box.take(raw(original, "a"), raw(edited, "b", later(1)))
    first, second = sorted(box.failures.all.values(), key=lambda each: each.first_seen)
    assert first.replaced_by == second.id


async def test_a_batch_changes_each_group_once() -> None:
    box = Box()
    hours = [NOON + timedelta(minutes=30 * n) for n in range(4)]
    await box.take(*(raw(example(id=f"event-{n}"), f"a{n}", at) for n, at in enumerate(hours)))
    (tally,) = box.failures.tallied
    assert (tally.seen, tally.hourly) == (4, {"2026112312": 2, "2026112313": 2})
    assert tally.states == {"open": 4}


def test_a_schema_fault_is_grouped_by_place_and_rule_not_by_value_or_position() -> None:
    causes = {
        Cause.of("wrong-schema", path=f"/data/records/{n}/name", rule=f"string_too_long: at most {n} characters")
        for n in range(5)
    }
    assert causes == {Cause(reason="wrong-schema", path="/data/records/*/name", rule="string_too_long")}


def test_an_exception_is_grouped_by_its_kind_and_our_own_place() -> None:
    first = Cause.of("handler-failed", exception="KeyError", frame="matcher/domain/rules.py decide")
    other = Cause.of("handler-failed", exception="KeyError", frame="matcher/domain/claims.py read")
    assert len({group_id("matcher", "a.b.v1", cause) for cause in (first, other)}) == 2
    assert first.title == "handler-failed · KeyError · matcher/domain/rules.py decide"


async def test_a_letter_of_a_case_that_was_erased_is_put_away_without_its_message() -> None:
    box = Box()
    box.erased.cases.add("case-7")
    await box.take(raw(example(id="event-1", correlationid="case-7"), "a", later(0), case="case-7"))

    assert (box.only.state, box.only.body, box.only.case) == ("discarded", None, "case-7")
    assert box.only.discarded is not None
    assert box.only.discarded.reason == "erased"

    await box.take(raw(example(id="event-1", correlationid="case-7"), "b", later(9), case="case-7"))
    assert (box.only.state, box.only.body, box.only.seen) == ("discarded", None, 2)
