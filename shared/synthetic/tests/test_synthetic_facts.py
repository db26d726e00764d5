from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from runtime.blind_index import BlindIndex
from standards.document_fields import faults_in
from synthetic import records
from synthetic.facts import departments_facts, mirror_withdrawals, published, write_mirror
from synthetic.loading import TEXTS
from synthetic.people import Person
from synthetic.population import Population

INDEX = BlindIndex(b"k" * 32)
AT = datetime(2026, 11, 23, tzinfo=UTC)
SENIOR = Person(
    number="440309194906150026",
    name="陈桂英",
    sex="female",
    born=date(1949, 6, 15),
    nationality_group="汉",
    address="深圳市龙华区民治街道民乐社区幸福花园3栋502室",
    issuing_authority="深圳市公安局龙华分局",
    valid_from=date(2020, 1, 5),
    valid_until=None,
    community="440309002002",
)
CARD = replace(records.id_card(SENIOR), record_id="r-1")


def test_the_city_says_that_a_record_is_there() -> None:
    fact = published(CARD, INDEX, AT)
    assert fact.type == "city.city-record-published.v1"
    assert fact.case == fact.data["holder_index"] == INDEX.of(SENIOR.number)
    assert fact.data["fields"] == {"number": fact.case, "name": "陈桂英", "birth_date": "1949-06-15"}
    assert fact.data["valid_until"] is None


def test_no_identity_number_leaves_in_clear() -> None:
    population = Population(1, AT.date(), 60)
    for fact in departments_facts(population.records, INDEX, AT):
        text = json.dumps([fact.id, fact.case, fact.data], ensure_ascii=False)
        assert all(person.number not in text for person in population.people)


def test_the_flaws_of_a_district_are_those_that_records_may_have() -> None:
    population = Population(1, AT.date(), 600)
    said = [published(record, INDEX, AT).data for record in population.records]
    assert [fault for data in said for fault in faults_in(str(data["document_type"]), _fields(data))] == []


def _fields(data: Mapping[str, object]) -> Mapping[str, object]:
    fields = data["fields"]
    assert isinstance(fields, Mapping)
    return fields


def test_a_department_says_what_only_it_holds_under_its_own_name() -> None:
    account = replace(records.bank_account(SENIOR, "6217001234567890123"), record_id="r-2", keeper="department")
    (fact,) = departments_facts([CARD, account], INDEX, AT)
    assert fact.type == "civil.department-record-published.v1"
    assert fact.data["department"] == "civil"


def test_what_a_department_withdrew_is_said_after_its_publication() -> None:
    account = replace(records.bank_account(SENIOR, "1"), record_id="r-2", keeper="department", withdrawn="closed")
    first, second = departments_facts([account], INDEX, AT)
    assert (first.data["sequence"], second.data["sequence"]) == (1, 2)
    assert second.type == "civil.department-record-withdrawn.v1"
    assert second.data["reason"] == "closed"


def test_the_mirror_is_a_record_a_line_and_its_withdrawals_are_events(tmp_path: Path) -> None:
    file = tmp_path / "mirror" / "city.jsonl"
    withdrawn = replace(CARD, record_id="r-3", withdrawn="revoked")
    count = write_mirror([CARD, replace(CARD, keeper="department"), withdrawn], INDEX, file)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert count == 2
    assert [line["record_id"] for line in lines] == ["r-1", "r-3"]
    assert [fact.type for fact in mirror_withdrawals([CARD, withdrawn], INDEX, AT)] == ["city.city-record-withdrawn.v1"]


def test_the_same_record_told_twice_is_the_same_event() -> None:
    assert published(CARD, INDEX, AT) == published(CARD, INDEX, AT)


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")
