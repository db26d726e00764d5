from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from aio_pika.abc import AbstractChannel

from records.persons import by_index
from standards.document_types import faults_in
from store.blind_index import BlindIndex
from synthetic import records
from synthetic.exchange import Outside
from synthetic.facts import departments_facts, mirror_withdrawals, published, write_mirror
from synthetic.people import SyntheticPerson
from synthetic.population import Population
from testkit.persons import key_folder

INDEX = BlindIndex(b"k" * 32)
AT = datetime(2026, 11, 23, tzinfo=UTC)
SENIOR = SyntheticPerson(
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
    fact = published(CARD, AT)
    assert fact.type == "city.city-record-published.v2"
    assert fact.case == "r-1"
    assert fact.data["fields"] == {"number": SENIOR.number, "name": "陈桂英", "birth_date": "1949-06-15"}
    assert fact.data["valid_until"] is None


def test_nothing_of_a_person_leaves_in_clear() -> None:
    population, outside = Population(1, AT.date(), 60), Outside(cast("AbstractChannel", None), key_folder())
    for fact in departments_facts(population.records, AT):
        text = json.dumps([fact.id, fact.case, outside.with_person(fact)], ensure_ascii=False)
        assert all(person.number not in text and person.name not in text for person in population.people)


def test_the_flaws_of_a_district_are_those_that_records_may_have() -> None:
    population = Population(1, AT.date(), 600)
    said = [by_index(published(record, AT).data, INDEX) for record in population.records]
    assert [fault for data in said for fault in faults_in(str(data["document_type"]), _fields(data))] == []


def _fields(data: Mapping[str, object]) -> Mapping[str, object]:
    fields = data["fields"]
    assert isinstance(fields, Mapping)
    return fields


def test_a_department_says_what_only_it_holds_under_its_own_name() -> None:
    account = replace(records.bank_account(SENIOR, "6217001234567890123"), record_id="r-2", keeper="department")
    (fact,) = departments_facts([CARD, account], AT)
    assert fact.type == "civil.department-record-published.v2"
    assert fact.data["department"] == "civil"


def test_what_a_department_withdrew_is_said_after_its_publication() -> None:
    account = replace(records.bank_account(SENIOR, "1"), record_id="r-2", keeper="department", withdrawn="closed")
    first, second = departments_facts([account], AT)
    assert (first.data["sequence"], second.data["sequence"]) == (1, 2)
    assert second.type == "civil.department-record-withdrawn.v2"
    assert second.data["reason"] == "closed"


def test_the_mirror_is_a_record_a_line_and_its_withdrawals_are_events(tmp_path: Path) -> None:
    file = tmp_path / "mirror" / "city.jsonl"
    withdrawn = replace(CARD, record_id="r-3", withdrawn="revoked")
    count = write_mirror([CARD, replace(CARD, keeper="department"), withdrawn], file)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert count == 2
    assert [line["record_id"] for line in lines] == ["r-1", "r-3"]
    assert [fact.type for fact in mirror_withdrawals([CARD, withdrawn], AT)] == ["city.city-record-withdrawn.v2"]


def test_a_record_told_twice_is_the_same_under_another_id() -> None:
    first, again = published(CARD, AT), published(CARD, AT)
    assert replace(first, id=again.id) == again
    assert first.id != again.id
