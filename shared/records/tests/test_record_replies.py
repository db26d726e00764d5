"""What senders of records are asked and answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import records
from bus.envelope import BrokenMessageError, Envelope
from bus.event import Outcome, Received, Refused
from bus.reader import Subscription
from records import parts, replies
from runtime.texts import LANGUAGES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RECORD = {"record_id": "r-1", "document_type": "id-card", "fields": {"name": 5.5}, "parents": ["甲", 5]}


class Answered(replies.RecordRefused):
    """A service's reply."""

    type: ClassVar[str] = "somebody.record-refused.v1"


class Parts(BaseModel):
    """A record's parts."""

    sequence: parts.Sequence = 1
    day: parts.Day | None = None
    fields: parts.Fields = {}


class AllParts(BaseModel):
    """A record with a part of every kind, all of them needed."""

    code: parts.Code
    record_id: parts.RecordId
    index: parts.Index
    sequence: parts.Sequence
    day: parts.Day
    fields: parts.Fields


RIGHT: dict[str, object] = {
    "code": "a",
    "record_id": "vac-1",
    "index": "9f" * 32,
    "sequence": 1,
    "day": "2026-11-23",
    "fields": {"a": "x"},
}


async def unheard(event: Received[AllParts], deps: None) -> Outcome[None]:
    raise NotImplementedError


def refused(**changes: object) -> Refused:
    said: dict[str, object] = {
        "publisher": "psb",
        "type": "psb.department-record-published.v1",
        "event_id": "e-1",
        "case": "c",
        "reason": "wrong-schema",
        "path": "/data/fields/name",
        "rule": "value: …",
        "data": RECORD,
        "params": {"fault": "value"},
    }
    return Refused(**(said | changes))  # type: ignore[arg-type] # built from words


def answer(**changes: object) -> replies.RecordRefused:
    (event,) = replies.refusal(refused(**changes), Answered, {"psb"}, NOW).events
    assert isinstance(event, replies.RecordRefused)
    return event


def test_an_answer_says_what_where_and_what_to_do_in_both_languages() -> None:
    reply = answer()
    assert reply.routing_key == "somebody.record-refused.v1.psb"
    assert (reply.event_id, reply.record_id, reply.document_type) == ("e-1", "r-1", "id-card")
    assert (reply.reason, reply.path) == ("wrong-schema", "/data/fields/name")
    assert reply.title.zh_cn == "记录格式不正确"
    assert reply.expected is not None
    assert (reply.expected.zh_cn, reply.rule) == ("文本、true 或 false、整数，或文本列表", reply.expected.en)
    assert reply.action.zh_cn.startswith("请将 /data/fields/name 写为：文本、true 或 false")


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"reason": "wrong-source", "path": "/source", "params": {"expected": "/yizheng/psb"}}, '"/yizheng/psb"'),
        ({"reason": "not-a-cloudevent", "path": "/source"}, '"/yizheng/psb"'),
        ({"reason": "not-a-cloudevent", "path": "/time"}, "2026-11-23T10:00:00+08:00"),
        ({"reason": "wrong-department", "path": "/data/department", "params": {"expected": "psb"}}, '"psb"'),
        ({"reason": "wrong-routing-key", "path": "/type"}, '"psb.department-record-published.v1"'),
        ({"reason": "document-type-not-kept", "params": {"choices": "id-card, portrait-photo"}}, "id-card, portrait"),
        ({"reason": "older-than-held", "params": {"held": 7}}, "大于 7 的序号"),
        (
            {"reason": "field-missing", "params": {"field": "birth_date", "fault": "kind-date"}},
            "birth_date：存在的日期",
        ),
        ({"reason": "number-for-index", "path": "/data/holder_index"}, "请勿发送身份号码"),
        ({"reason": "number-as-record-id", "path": "/data/record_id"}, "不透露持有人的编号"),
    ],
)
def test_the_action_says_exactly_what_to_write(changes: dict[str, object], action: str) -> None:
    assert action in answer(**changes).action.zh_cn


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1), st.sampled_from(["wrong-schema", "new-reason"]))
def test_a_rule_without_a_text_is_told_in_words_and_not_in_a_validators(fault: str, reason: str) -> None:
    reply = answer(reason=reason, params={"fault": fault}, rule=f"{fault}: Input should be valid")
    assert reply.expected is not None
    assert "Input" not in reply.model_dump_json()


def test_every_rule_that_a_part_of_a_record_has_is_told_in_words() -> None:
    wrong: dict[str, object] = {
        "code": ["", "x" * 201, 5],
        "record_id": ["", "x" * 201, 5, "440309202002290031"],
        "index": ["440309202002290031", "xyz", 5],
        "sequence": ["5", 0, 2**63],
        "day": [17, "2026-02-30"],
        "fields": [5, {"a": 1.5}, {"": "x"}, {"a.b": "x"}],
    }
    for field, values in wrong.items():
        assert isinstance(values, list)
        for value in [*values, None]:
            said = {name: told for name, told in {**RIGHT, field: value}.items() if told is not None}
            with pytest.raises(ValidationError) as caught:
                AllParts.model_validate(said)
            for fault in caught.value.errors():
                assert replies.TEXTS.has(f"rules.{fault['type']}"), fault


def test_a_number_in_place_of_an_index_is_told_from_any_other_text_and_never_repeated() -> None:
    for number in (
        "440309202002290031",
        "44030920200229003x",
        "４４０３０９２０２００２２９００３１",
        "110105491231002",
    ):
        view = Subscription("psb.x.v1", AllParts, unheard)
        with pytest.raises(BrokenMessageError) as caught:
            view.read(Envelope("e", "psb.x.v1", "/yizheng/psb", "c", NOW, {**RIGHT, "index": number}, None, None))
        assert (caught.value.reason, caught.value.path) == ("number-for-index", "/data/index")
        assert number not in str(caught.value)
    assert not any(parts.is_number(other) for other in ("9f" * 32, "vac-440309202002290031", "4403092020022900311", 5))


@pytest.mark.parametrize(
    "number",
    [
        "440309202002290031",
        "11010519491231002x",
        "４４０３０９２０２００２２９００３１",
        "440309-20200229-0031",
        "440309 20200229 0031",
        "vac-440309202002290031/2",
        "932682198501010017",
        "4403\u200b09202002290031",
    ],
)
def test_a_number_as_the_id_of_a_record_is_refused_and_never_repeated(number: str) -> None:
    view = Subscription("psb.x.v1", AllParts, unheard)
    with pytest.raises(BrokenMessageError) as caught:
        view.read(Envelope("e", "psb.x.v1", "/yizheng/psb", "c", NOW, {**RIGHT, "record_id": number}, None, None))
    assert (caught.value.reason, caught.value.path) == ("number-as-record-id", "/data/record_id")
    reply = answer(reason=caught.value.reason, path=caught.value.path, data={"record_id": number})
    assert reply.record_id is None
    assert number not in reply.model_dump_json() + str(caught.value)


@pytest.mark.parametrize(
    "own", ["440309202613990031", "440309202001010001", "110105491231002", "LHZ202600000001", "9f" * 32]
)
def test_a_departments_own_numbering_is_taken(own: str) -> None:
    assert AllParts.model_validate({**RIGHT, "record_id": own}).record_id == own


def test_an_answer_about_an_event_of_a_number_does_not_carry_the_number_on() -> None:
    outcome = replies.refusal(refused(case="440309202002290031"), Answered, {"psb"}, NOW)
    assert outcome.case == "psb"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/data/valid_until", "/data/valid_until"),
        ("/data/fields/name/int", "/data/fields/name"),
        ("/data/parents/list[str]/1", "/data/parents"),
        ("/source", "/source"),
        ("", ""),
    ],
)
def test_a_path_leads_to_what_is_there_or_to_what_is_missing(path: str, shown: str) -> None:
    assert answer(path=path).path == shown


def test_what_could_not_be_read_is_answered_all_the_same() -> None:
    reply = answer(data=None, event_id=None, case=None, reason="not-json", path="", rule="line 1")
    assert (reply.event_id, reply.record_id, reply.document_type) == (None, None, None)


def test_an_answer_repeats_no_values() -> None:
    reply = answer(data={"record_id": {"name": "李育成"}, "fields": {"name": "李育成"}, "document_type": 7})
    assert "李育成" not in reply.model_dump_json()


def test_who_is_no_department_can_not_be_answered() -> None:
    with pytest.raises(BrokenMessageError) as caught:
        answer(publisher="nobody")
    assert caught.value.reason == "unknown-department"


def test_every_reason_has_a_title_and_an_action_in_both_languages() -> None:
    sources = [*Path(records.__file__).parent.glob("*.py")]
    raised = {
        reason for path in sources for reason in re.findall(r'BrokenMessageError\("([a-z-]+)"', path.read_text("utf-8"))
    }
    for reason in raised - {"unknown-department"} | {"older-than-held", "sequence-reused", "wrong-schema", "not-json"}:
        for language in LANGUAGES:
            title = replies.say(language, "title", replies.Fault(reason))
            assert title != replies.say(language, "title", replies.Fault("other")), reason


@pytest.mark.parametrize(
    "said",
    [
        {"sequence": "5"},
        {"sequence": 0},
        {"sequence": 2**63},
        {"sequence": True},
        {"day": 1700000000},
        {"day": "1700000000"},
        {"day": "2026-11-23T00:00:00"},
        {"day": "2026-02-30"},
        {"fields": {"name": 1.5}},
        {"fields": {"name": None}},
        {"fields": {"name": {"first": "李"}}},
        {"fields": {"parents": ["甲", 1]}},
        {"fields": {"n": 2**63}},
        {"fields": {"a.b": "x"}},
        {"fields": {"$set": "x"}},
        {"fields": {"a\x00b": "x"}},
    ],
)
def test_a_part_that_merely_resembles_what_the_contract_says_is_refused_once(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Parts.model_validate(said)
    assert caught.value.error_count() == 1


def test_parts_as_the_contract_says() -> None:
    fields = {"name": "李", "complete": True, "months": -3, "parents": ["甲", "乙"]}
    read = Parts.model_validate({"sequence": 7, "day": "2026-11-23", "fields": fields})
    assert read.fields == fields
    assert read.fields["complete"] is True
