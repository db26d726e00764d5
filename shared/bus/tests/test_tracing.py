"""Whatever is done about one case is a span of one trace, and every span's parent is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import traces
from bus.topology import Topology
from bus.traces import Span, ids_in, span_of, trace_of, traceparent, working
from shared.bus.tests.harness import eventually, order, station
from store.commit import OUTBOX
from store.repository import Database
from testkit.fixtures import StackAddresses

OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def recorded() -> Iterator[list[Span]]:
    spans: list[Span] = []
    traces.record_with(spans.append)
    yield spans
    traces.record_with(None)


@given(st.text(min_size=1), st.text(min_size=1))
def test_ids_follow_from_case_and_event_alone(case: str, event_id: str) -> None:
    assert ids_in(traceparent(case, event_id)) == (trace_of(case), span_of(event_id))
    assert trace_of(case) == sha256(case.encode()).hexdigest()[:32]


@pytest.mark.parametrize(
    "broken",
    [None, "", "x", f"ff{OTHER[2:]}", OTHER.upper(), "00-" + "0" * 32 + OTHER[35:], OTHER[:36] + "0" * 16 + "-01"],
)
def test_what_is_no_traceparent_counts_as_none(broken: str | None) -> None:
    assert ids_in(broken) is None


def test_a_cause_in_the_same_trace_is_the_parent_and_one_in_another_is_linked() -> None:
    same, other, none = (Span("x", "consumer", said) for said in (traceparent("c", "e0"), OTHER, None))
    for span in (same, other, none):
        span.join("c")

    assert {span.trace_id for span in (same, other, none)} == {trace_of("c")}
    assert (same.parent_id, same.link) == (span_of("e0"), None)
    assert (other.parent_id, other.link) == (None, ids_in(OTHER))
    assert (none.parent_id, none.link) == (None, None)


def test_what_is_about_no_case_stays_in_its_callers_trace() -> None:
    span = Span("x", "server", OTHER)
    span.join(None)

    assert (span.trace_id, span.parent_id) == ids_in(OTHER)


def test_the_class_of_an_error_is_recorded_and_nothing_that_it_says(recorded: list[Span]) -> None:
    with pytest.raises(ValueError, match="440309"), working(Span("x", "internal")):
        raise ValueError("440309199001010013 is wrong")

    assert recorded[0].error == "ValueError"
    assert "440309" not in repr(recorded[0])


def test_a_publish_that_failed_is_nobodys_parent(recorded: list[Span]) -> None:
    event = order(1)
    for outcome in (ConnectionError, None):
        try:
            with traces.publishing("shop", event.routing_key, event.id, event.body):
                if outcome:
                    raise outcome
        except ConnectionError:
            continue

    failed, sent = recorded
    assert failed.error == "ConnectionError"
    assert (failed.trace_id, sent.trace_id) == (trace_of("case-1"), trace_of("case-1"))
    assert failed.span_id != sent.span_id == span_of(event.id)


async def test_handling_has_the_publish_as_parent_and_its_commit_as_part(
    infrastructure: StackAddresses, database: Database, small: Topology, recorded: list[Span]
) -> None:
    event = order(1)
    async with station(infrastructure.amqp, database, small) as shop:
        await shop.commit([event])
        await eventually(lambda: asyncio.sleep(0, any(span.name == "commit" for span in recorded)))
        await eventually(lambda: asyncio.sleep(0, any(span.kind == "consumer" for span in recorded)))

    handled = next(span for span in recorded if span.kind == "consumer")
    assert {span.trace_id for span in recorded} == {trace_of("case-1")}
    assert handled.parent_id == span_of(event.id)
    assert handled.attributes["yizheng.outcome"] == "handled"
    assert handled.attributes["messaging.system"] == "rabbitmq"
    assert next(span for span in recorded if span.name == "commit").parent_id == handled.span_id


async def test_what_the_sweep_publishes_can_be_found_by_whoever_handles_it(
    infrastructure: StackAddresses, database: Database, small: Topology, recorded: list[Span]
) -> None:
    event = order(1)
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await shop.committer.commit([], [event])  # and nobody publishes
        assert await database[OUTBOX].count_documents({}) == 1
        await eventually(shop.outbox_is_empty)

    assert [(span.span_id, span.parent_id, span.error) for span in recorded] == [(span_of(event.id), None, "")]
