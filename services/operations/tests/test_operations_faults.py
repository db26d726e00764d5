"""What is wrong with a message and where: said by its service, by its contract, and beside the line itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, get_args

import orjson
import pytest
from hypothesis import given
from pydantic import BaseModel, Field, ValidationError

from bus.envelope import BrokenMessageError, decode_event
from bus.reader import broken
from operations.domain.contracts import Contracts
from operations.domain.event_masks import mask_event
from operations.domain.faults import Expectation, broken_at, faults_in, place_in, remedy_for, said
from operations.web.bodies import Hints, marked, pretty
from records.parts import Code, Day, Index
from runtime.clock import Moment
from runtime.texts import LANGUAGES, Texts
from services.operations.tests.test_operations_edit_rules import EVENT, JSON, TYPE
from standards.bounds import Value

TEXTS = Texts.of("standards", "runtime", "operations")
CONTRACT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number", "kind"],
    "properties": {
        "number": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
        "on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"type": "object", "required": ["amount"]}},
    },
}
CONTRACTS = Contracts({TYPE: CONTRACT})
GOOD = {"number": 1, "kind": "a"}


def faults(data: object, path: str = "", rule: str = "") -> list[tuple[str, str, str]]:
    found = faults_in(orjson.dumps({**EVENT, "data": data}), path, rule, CONTRACTS)
    return [(each.pointer, each.expectation, each.expected) for each in found]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GOOD, []),
        ({"kind": "a"}, [("/data/number", "missing", "")]),
        (GOOD | {"a/b": 1}, [("/data/a~1b", "extra", "")]),
        (GOOD | {"number": "1"}, [("/data/number", "integer", "")]),
        (GOOD | {"number": 0}, [("/data/number", "least", "1")]),
        (GOOD | {"kind": "c"}, [("/data/kind", "one-of", "a, b")]),
        (GOOD | {"on": "tomorrow"}, [("/data/on", "day", "")]),
        (GOOD | {"on": 5}, [("/data/on", "string", "")]),
        (GOOD | {"lines": [{}, {"amount": 1}, {}]}, [(f"/data/lines/{n}/amount", "missing", "") for n in (0, 2)]),
        ("text", [("/data", "object", "")]),
    ],
)
def test_everything_that_breaks_the_contract_is_told_at_its_place(data: object, expected: list[object]) -> None:
    assert faults(data) == expected


@pytest.mark.parametrize(
    ("rule", "expectation", "expected"),
    [
        ("int_parsing: Input should be a valid integer, unable to parse", "integer", ""),
        ("missing: Field required", "missing", ""),
        ("literal_error: Input should be 'a' or 'b'", "one-of", "'a' or 'b'"),
        ("string_too_short: String should have at least 1 character", "shortest", "1"),
        ("'a.b.v1', as it was published under", "routing-key", "a.b.v1"),
        ("matcher does not act on 'a.b.v9'", "handled-type", ""),
        ("an event's id stands for one body", "new-id", ""),
        ("KeyError", "unread", ""),
        ("the holder of the credential", "other", "the holder of the credential"),
    ],
)
def test_what_only_the_service_found_is_told_first(rule: str, expectation: str, expected: str) -> None:
    told = faults(GOOD | {"number": "x"}, "/data/holder", rule)
    assert told == [("/data/holder", expectation, expected), ("/data/number", "integer", "")]
    assert faults(GOOD | {"number": "x"}, "/data/number", rule) == [("/data/number", "integer", "")]


class View(BaseModel):
    """What services declare of an event: each way in which a value can be wrong, once."""

    index: Index = "0" * 64
    code: Code = "c"
    day: Day = date(2026, 11, 23)
    moment: Moment = datetime(2026, 11, 23, tzinfo=UTC)
    value: Value = "v"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = ["n"]
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = "0" * 64


@pytest.mark.parametrize(
    "data",
    [
        {"index": "x"}, {"index": "11010519491231002X"}, {"code": ""}, {"code": "c" * 201}, {"code": None},
        {"day": "1.1.2026"}, {"day": "1849-12-31"}, {"day": "2026-02-30"}, {"day": 5}, {"moment": "yesterday"},
        {"moment": "2026-11-23T00:00:00"}, {"moment": "1700-01-01T00:00:00Z"}, {"moment": "2999-01-01T00:00:00Z"},
        {"value": {}}, {"value": "v" * 501}, {"value": ["v"] * 51}, {"value": ["v" * 201]}, {"count": 0}, {"count": 10},
        {"count": "x"}, {"count": 1.5}, {"names": []}, {"names": ["n"] * 3}, {"names": {}}, {"names": [1]},
        {"key": "x"},
        [], None,
    ],
)  # fmt: skip
def test_what_a_view_refuses_is_told_in_words_of_our_own(data: object) -> None:
    with pytest.raises(ValidationError) as caught:
        View.model_validate(data)
    fault = broken(caught.value)
    assert said(fault.path, fault.rule).expectation != "other"
    assert said(fault.path, fault.rule).is_telling


@pytest.mark.parametrize(
    "changed",
    [{"specversion": "0.3"}, {"id": ""}, {"id": "i" * 256}, {"time": "yesterday"}, {"source": None}, {"type": 5}],
)
def test_what_is_no_event_is_told_in_words_of_our_own(changed: dict[str, object]) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        decode_event(json.dumps({**EVENT, "time": "2026-11-23T00:00:00Z", **changed}).encode())
    fault = said(caught.value.path, caught.value.rule)
    assert fault.expectation != "other"
    assert fault.is_telling
    assert not said("/id", "a text of # to # characters").is_telling


def test_every_expectation_has_its_sentence_in_both_languages() -> None:
    for language in LANGUAGES:
        for expectation in get_args(Expectation):
            assert TEXTS.say(language, f"web.expected.{expectation}", name="n", expected="e")


@given(JSON)
def test_whatever_the_data_is_each_fault_has_a_line_that_exists(data: object) -> None:
    event = {**EVENT, "data": data}
    for pointer, *_ in faults(data, "/data/nowhere/0", "missing: Field required"):
        place = place_in(event, pointer)
        assert pointer.startswith(place)
        marks = pretty(mask_event(event, CONTRACTS), Hints("masked", faults={place: "here"}))
        assert marks.count("← here") == 1


@given(JSON)
def test_a_marked_message_still_reads_as_its_json(data: object) -> None:
    marks = pretty(data, Hints("masked", faults={"": "here"}))
    text = re.sub("<[^>]+>", "", str(marks).replace('<span class="why"> ← here</span>', ""))
    for written, read in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(written, read)
    assert json.loads(text) == json.loads(json.dumps(data))


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b"", 1, 1),
        (b'{"a": 1,\n "b": }', 2, 7),
        (b'{"a"', 1, 5),
        ("{\n甲\n".encode() + b"\xff", 3, 1),
        (b"[" * 100_000, 1, 1),
    ],
)
def test_where_a_text_stops_being_json_is_told(body: bytes, line: int, column: int) -> None:
    found = broken_at(body)
    assert found is not None
    assert (found.line, found.column) == (line, column) or body.startswith(b"[[")


def test_the_line_is_marked_and_what_a_stranger_wrote_stays_text() -> None:
    shown = marked('{"a": 1,\n "b": <b>}', 2, "here")
    assert shown.count('class="fault"') == 1
    assert "&lt;b&gt;" in shown.split("\n")[1]
    assert marked("one", 7, "here") == "one"


def test_what_is_wrong_with_the_message_needs_an_edit_and_what_is_wrong_elsewhere_a_replay() -> None:
    assert [remedy_for(reason) for reason in ("wrong-schema", "not-json", "another-holder")] == ["edit"] * 3
    assert [remedy_for(reason) for reason in ("handler-failed", "subject-unknown", "delivery-limit")] == ["replay"] * 3


def test_a_sound_json_stops_nowhere() -> None:
    assert broken_at(b"{}") is None
