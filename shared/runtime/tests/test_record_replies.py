"""What senders of records are asked and answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel, ValidationError

import runtime.records
from messaging.envelope import BrokenMessageError
from messaging.event import Refused
from runtime.records import parts, replies
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
    assert reply.action.en.startswith("Correct the value")


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
    assert replies.TEXTS.keys("zh-CN") == replies.TEXTS.keys("en")
    sources = [*Path(runtime.records.__file__).parent.glob("*.py")]
    raised = {
        reason for path in sources for reason in re.findall(r'BrokenMessageError\("([a-z-]+)"', path.read_text("utf-8"))
    }
    for reason in raised - {"unknown-department"} | {"older-than-held", "sequence-reused", "wrong-schema", "not-json"}:
        for language in LANGUAGES:
            assert replies.say(language, "title", reason) != replies.say(language, "title", "other"), reason


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
