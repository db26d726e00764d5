from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.consumer import Subscription
from bus.envelope import MAX_BYTES, BrokenMessageError, decode_event, encode_event, new_event_id
from bus.event import NOTHING, Event, Outcome, Received, View

TEXTS = st.text(st.characters(codec="utf-8"), max_size=50)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


class Said(Event):
    type: ClassVar[str] = "tests.said.v1"
    text: str
    content: dict[str, Any]


class SaidView(View):
    text: str
    content: dict[str, Any]


async def ignore(event: Received[Any], deps: None) -> Outcome[None]:
    return NOTHING


SUBSCRIPTION = Subscription(Said.type, SaidView, ignore)
SAID = Said(text="一證", content={})


def sealed(**changes: object) -> bytes:
    """Build the body of a good event with some attributes changed, or removed when they are `...`."""
    good = json.loads(encode_event(SAID, source="tests", case="c1", cause=None).body)
    return orjson.dumps({name: value for name, value in {**good, **changes}.items() if value is not ...})


@given(text=TEXTS, content=st.dictionaries(TEXTS, VALUES, max_size=4), case=TEXTS.filter(bool))
def test_whatever_is_sealed_is_unsealed_as_it_was(text: str, content: dict[str, Any], case: str) -> None:
    said = Said(text=text, content=content)
    message = encode_event(said, source="tests", case=case, cause="e0")

    event = SUBSCRIPTION.read(decode_event(message.body))

    assert event.data.model_dump() == said.model_dump()
    assert (event.id, event.type, event.source) == (message.id, "tests.said.v1", "/yizheng/tests")
    assert (event.case, event.cause) == (case, "e0")
    assert abs((event.time - datetime.now(UTC)).total_seconds()) < 60


@given(st.binary(max_size=200))
def test_whatever_bytes_arrive_are_read_or_refused_as_broken(body: bytes) -> None:
    with pytest.raises(BrokenMessageError):
        SUBSCRIPTION.read(decode_event(body))


@given(name=st.sampled_from(["specversion", "id", "source", "type", "time", "correlationid", "data"]), value=VALUES)
def test_whatever_stands_in_an_attribute_is_read_or_refused_as_broken(name: str, value: object) -> None:
    try:
        event = SUBSCRIPTION.read(decode_event(sealed(**{name: value})))
    except BrokenMessageError as error:
        assert error.reason in {"not-a-cloudevent", "wrong-schema"}  # noqa: PT017 - either is right
        assert error.path.startswith(f"/{name}")  # noqa: PT017 - the same
    else:
        assert event.data.text == "一證" or name == "data"


@pytest.mark.parametrize(
    ("body", "reason", "path"),
    [
        (b"", "not-json", ""),
        (b"{", "not-json", ""),
        ("\ufeff{}".encode("utf-16"), "not-json", ""),
        (b"[1]", "not-a-cloudevent", "/specversion"),
        (b'{"specversion": "0.3"}', "not-a-cloudevent", "/specversion"),
        (sealed(id=...), "not-a-cloudevent", "/id"),
        (sealed(id=""), "not-a-cloudevent", "/id"),
        (sealed(type=7), "not-a-cloudevent", "/type"),
        (sealed(correlationid=...), "not-a-cloudevent", "/correlationid"),
        (sealed(correlationid="c" * 256), "not-a-cloudevent", "/correlationid"),
        (sealed(id="i" * 100_000), "not-a-cloudevent", "/id"),
        (sealed(time="yesterday"), "not-a-cloudevent", "/time"),
        (sealed(time="2026-11-23"), "not-a-cloudevent", "/time"),
        (sealed(time="2026-11-23T10:00:00"), "not-a-cloudevent", "/time"),
        (sealed(time="0001-01-01T00:00:00+08:00"), "not-a-cloudevent", "/time"),
        (sealed(time="9999-12-31T23:59:59.999Z"), "not-a-cloudevent", "/time"),
        (b'"' + b"x" * MAX_BYTES + b'"', "too-large", ""),
    ],
)
def test_a_broken_envelope_says_what_is_wrong_and_where(body: bytes, reason: str, path: str) -> None:
    with pytest.raises(BrokenMessageError) as raised:
        decode_event(body)

    assert (raised.value.reason, raised.value.path) == (reason, path)


@pytest.mark.parametrize(
    ("data", "path", "rule"),
    [
        ({"content": {}}, "/data/text", "missing: Field required"),
        ({"text": 1, "content": {}}, "/data/text", "string_type: Input should be a valid string"),
        ({"text": "", "content": []}, "/data/content", "dict_type: Input should be a valid dictionary"),
        (None, "/data", "model_type: Input should be a valid dictionary or instance of SaidView"),
    ],
)
def test_data_of_the_wrong_schema_names_path_and_rule(data: object, path: str, rule: str) -> None:
    with pytest.raises(BrokenMessageError) as raised:
        SUBSCRIPTION.read(decode_event(sealed(data=data)))

    assert (raised.value.reason, raised.value.path, raised.value.rule) == ("wrong-schema", path, rule)


def test_a_time_with_any_offset_is_read() -> None:
    assert decode_event(sealed(time="2026-11-23T10:00:00+08:00")).time == datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert decode_event(sealed(time="2026-11-23T02:00:00Z")).time == datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert decode_event(sealed(time="2026-11-23t02:00:00.123456789z")).time == datetime(
        2026, 11, 23, 2, 0, 0, 123_456, tzinfo=UTC
    )


def test_an_event_is_in_the_trace_of_its_case_with_a_span_of_its_own() -> None:
    one, other = (json.loads(encode_event(SAID, source="tests", case="c", cause="e0").body) for _ in range(2))

    version, trace, span, flags = one["traceparent"].split("-")
    assert (version, trace, flags) == ("00", "2e7d2c03a9507ae265ecf5b5356885a5", "01")  # printf c | sha256sum
    assert other["traceparent"].split("-")[1] == trace
    assert other["traceparent"].split("-")[2] != span == sha256(one["id"].encode()).hexdigest()[:16]
    assert one["causationid"] == "e0"


def test_an_event_that_no_consumer_would_accept_is_not_sealed() -> None:
    with pytest.raises(BrokenMessageError, match="too-large"):
        encode_event(Said(text="x" * MAX_BYTES, content={}), source="tests", case="c", cause=None)


def test_event_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_event_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert [id_.split("-")[0] for id_ in ids] == sorted(id_.split("-")[0] for id_ in ids)
