from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from bus.topology import Topology
from conformance.checks import check
from conformance.contract import Contract, UnknownDepartmentError, contract_of
from conformance.drafts import Drafts
from conformance.lessons import LESSONS
from conformance.messages import NoMessagesError, read
from conformance.report import TEXTS, Report
from conformance.run import File
from records.person_encryption import PUBLIC_KEYS, PublicKey
from runtime.texts import LANGUAGES
from testkit.persons import key_folder

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def health() -> Contract:
    return contract_of("health")


@pytest.fixture
def drafts(health: Contract) -> Drafts:
    return Drafts(health, "test", AT)


def faults(event: dict[str, object], contract: Contract) -> list[tuple[str, str]]:
    return [(fault.reason, fault.path) for fault in check(orjson.dumps(event), contract)]


def test_what_the_run_sends_as_right_is_right_for_every_department(full_topology: Topology) -> None:
    for code in full_topology.departments:
        contract = contract_of(code)
        drafts = Drafts(contract, "test", AT)
        assert check(drafts.record("one", 1).body, contract) == ()
        withdrawal = drafts.event("two", "withdrawn", drafts.withdrawal(2))
        assert check(orjson.dumps(withdrawal), contract) == ()


def test_what_is_too_much_is_named_before_it_is_sent(drafts: Drafts) -> None:
    right: Any = drafts.publication(1)["fields"]
    for more, fault in (
        ({"remark": "九" * 501}, ("wrong-schema", "/data/fields/remark")),
        ({f"remark_{number}": "九" * 500 for number in range(8)}, ("record-too-large", "/data/fields")),
    ):
        event = drafts.event("x", "published", drafts.publication(1) | {"fields": right | more})
        assert faults(event, drafts.contract) == [fault]
    body = orjson.dumps(drafts.event("x", "published", drafts.publication(1)))
    twice = body.replace(b'"sequence":', b'"sequence":9,"sequence":')
    assert [(each.reason, each.path) for each in check(twice, drafts.contract)] == [("repeated-name", "/data/sequence")]


def test_there_is_an_example_of_every_document_type(drafts: Drafts) -> None:
    assert set(drafts.examples) == set(drafts.contract.keepers)
    for kind in drafts.contract.keepers:
        keeper = contract_of(drafts.contract.keepers[kind])
        own = Drafts(keeper, "test", AT)
        fields = {name: "9f" * 32 if said == "holder" else said for name, said in drafts.examples[kind].fields.items()}
        data = {**own.publication(1), "document_type": kind, "fields": fields}
        assert faults(own.event("x", "published", data), keeper) == []


def test_a_message_with_its_person_encrypted_is_checked_as_far_as_can_be_seen(health: Contract) -> None:
    drafts = Drafts(health, "test", AT, key=PublicKey.from_file(key_folder() / PUBLIC_KEYS))
    right, other = (drafts.event("x", "published", drafts.publication(1, record_id=name)) for name in ("a", "b"))
    right["correlationid"] = "a"
    said, elsewhere = (dict(each["data"]) for each in (right, other) if isinstance(each["data"], dict))
    assert faults(right, health) == []
    assert drafts.record("one", 1) == drafts.record("one", 1)
    assert drafts.holder not in str(right)
    for changed, fault in (
        ({"person": elsewhere["person"]}, ("person-of-another-event", "/data/person")),
        ({"person": "x"}, ("person-not-jwe", "/data/person")),
        ({"person": {"number": drafts.holder}}, ("wrong-schema", "/data/person")),
        ({"holder_index": "0" * 64}, ("wrong-schema", "/data")),
    ):
        assert faults({**right, "data": said | changed}, health) == [fault]
    assert faults({**right, "correlationid": "0" * 64}, health) == [("case-not-record", "/correlationid")]


@pytest.mark.parametrize(
    ("body", "reason", "path"),
    [
        (b"hello", "not-json", ""),
        (b"[]", "not-a-cloudevent", "/specversion"),
        (b'{"specversion": "1.0"}', "not-a-cloudevent", "/id"),
        (b'"' + b"x" * 2_000_000 + b'"', "too-large", ""),
    ],
)
def test_what_is_no_event_is_named_with_its_place(health: Contract, body: bytes, reason: str, path: str) -> None:
    assert [(fault.reason, fault.path) for fault in check(body, health)] == [(reason, path)]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"type": "health.department-record-published.v9"}, ("unknown-type", "/type")),
        ({"type": "civil.department-record-published.v1"}, ("unknown-type", "/type")),
        ({"source": "/health"}, ("wrong-source", "/source")),
        ({"correlationid": "440309202002290031"}, ("number-for-index", "/correlationid")),
        ({"correlationid": "somebody"}, ("wrong-case", "/correlationid")),
        ({"time": "yesterday"}, ("not-a-cloudevent", "/time")),
        ({"data": "text"}, ("wrong-schema", "/data")),
    ],
)
def test_a_wrong_envelope_is_named_with_its_place(
    drafts: Drafts, changed: dict[str, object], fault: tuple[str, str]
) -> None:
    event = drafts.event("x", "published", drafts.publication(1), **changed)
    assert faults(event, drafts.contract) == [fault]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"sequence": 0}, ("wrong-schema", "/data/sequence")),
        ({"sequence": "1"}, ("wrong-schema", "/data/sequence")),
        ({"valid_from": "2026-02-30"}, ("wrong-schema", "/data/valid_from")),
        ({"valid_until": "9999-12-31"}, ("wrong-schema", "/data/valid_until")),
        ({"valid_from": "2026-05-01", "valid_until": "2026-01-01"}, ("term-reversed", "/data/valid_until")),
        ({"holder_index": "440309202002290031"}, ("number-for-index", "/data/holder_index")),
        ({"record_id": "440309202002290031"}, ("number-as-record-id", "/data/record_id")),
        ({"holder_index": "9F"}, ("wrong-schema", "/data/holder_index")),
        ({"fields": {"a/b": 1.5}}, ("wrong-schema", "/data/fields/a~1b")),
        ({"fields": {"child_name": 7}}, ("field-not-text", "/data/fields/child_name")),
        ({"fields": {"child_name": "李", "complete": True}}, ("field-missing", "/data/fields/parents")),
        ({"department": "civil"}, ("wrong-department", "/data/department")),
        ({"document_type": "id-card"}, ("document-type-not-kept", "/data/document_type")),
        ({"document_type": "library-card"}, ("unknown-document-type", "/data/document_type")),
    ],
)
def test_wrong_data_is_named_with_its_place(drafts: Drafts, changed: dict[str, object], fault: tuple[str, str]) -> None:
    event = drafts.event("x", "published", {**drafts.publication(1), **changed})
    assert fault in faults(event, drafts.contract)


def test_what_is_missing_is_named_where_it_ought_to_be_and_all_of_it_at_once(drafts: Drafts) -> None:
    data = {name: value for name, value in drafts.publication(1).items() if name not in ("sequence", "record_id")}

    found = faults(drafts.event("x", "published", data), drafts.contract)

    assert found == [("wrong-schema", "/data/record_id"), ("wrong-schema", "/data/sequence")]


def test_the_city_speaks_of_every_document_type_and_for_no_department() -> None:
    city = contract_of("city")
    assert set(city.keeps) == set(city.keepers)
    assert city.key("published") == "city.city-record-published.v2"
    assert "department" not in Drafts(city, "test", AT).publication(1)


def test_an_unknown_department_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownDepartmentError) as failure:
        contract_of("mayor")
    assert "health" in failure.value.known


def test_a_message_is_sent_under_an_id_of_this_run_with_a_receipt_wanted(
    tmp_path: Path, drafts: Drafts, health: Contract
) -> None:
    event = {**drafts.event("x", "published", drafts.publication(1)), "id": "i" * 255}
    del event["receipt"]
    (tmp_path / "one.json").write_bytes(orjson.dumps(event))
    (file,) = read(tmp_path, health)

    one, other = file.ready("run-1"), file.ready("run-2")

    assert file.faults == ()
    assert one.id != other.id
    assert check(one.body, health) == ()
    assert orjson.loads(one.body) == {**event, "id": one.id, "receipt": "wanted"}


def test_an_empty_folder_is_no_success(tmp_path: Path, health: Contract) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NoMessagesError):
        read(tmp_path, health)


def test_there_is_a_text_for_everything() -> None:
    for language in LANGUAGES:
        for lesson in LESSONS:
            assert TEXTS.say(language, f"lessons.{lesson.name}")
            assert TEXTS.say(language, f"answers.{lesson.expects.partition(':')[0]}")


def test_every_lesson_has_a_name_of_its_own() -> None:
    assert len({lesson.name for lesson in LESSONS}) == len(LESSONS)


def test_faults_are_told_in_the_readers_language_and_say_exactly_what_to_write(
    drafts: Drafts, health: Contract
) -> None:
    data = {**drafts.publication(1), "sequence": "1", "valid_from": 5, "holder_index": "xyz", "extra": 1}
    event = drafts.event("x", "published", data, source="/health")
    report = Report(health, [File("one.json", check(orjson.dumps(event), health))])

    told = json.dumps(report.as_data("zh-CN"), ensure_ascii=False)

    for words in ("/yizheng/health", "不加引号的整数", "存在的日期", "64 位小写十六进制", "请删去"):
        assert words in told
    assert not re.search(r"is not|does not match|Additional|type_|_mismatch", told)
