"""What need not be brought is exactly what would prove itself, on every day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord, Identity, Value
from matcher.domain.holdings import held, next_turn, settled
from matcher.domain.verdicts import decide
from services.matcher.tests.fakes import RULES

TODAY = date(2026, 11, 23)
HOME = "深圳市龙华区民治街道民乐社区梅龙路12号3栋501"
TENANCY: dict[str, Value] = {"record_number": "R1", "tenant_name": "李育成", "landlord_name": "陈桂英", "address": HOME}
REGISTER: dict[str, Value] = {"holder_name": "李育成", "household_number": "H1", "address": HOME}
WORK: dict[str, Value] = {"name": "李育成", "months_paid": 8}


def record(
    document_type: str,
    fields: dict[str, Value],
    id: str = "r1",
    *,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> EvidenceRecord:
    content = EvidenceContent(fields=fields, valid_from=valid_from, valid_until=valid_until, sequence=1)
    return EvidenceRecord(
        keeper="city",
        record_id=id,
        source="city-mirror",
        document_type=document_type,
        status="valid",
        sequence=1,
        content=content,
    )


def person(*records: EvidenceRecord, name: str = "李育成") -> Evidence:
    identity = Identity(resident_id="res_1", name=name, birth_date=date(1990, 1, 1), address="湖南省1号", sequence=1)
    return Evidence(id="1f" * 32).with_identity(identity).with_records(records)


def types_held(evidence: Evidence, on: date = TODAY) -> list[str]:
    return [each.document_type for each in held(evidence, on, RULES)]


def test_a_tenancy_that_has_not_begun_has_to_be_brought_until_it_has() -> None:
    tenancy = record("rental-contract-record", {**TENANCY, "term_from": "2027-01-01", "term_to": "2027-12-31"})
    evidence = person(tenancy)
    assert types_held(evidence) == []
    assert next_turn(evidence, TODAY, RULES) == date(2027, 1, 1)
    assert types_held(evidence, date(2027, 1, 1)) == ["rental-contract-record"]
    assert held(evidence, date(2027, 1, 1), RULES)[0].valid_until == date(2027, 12, 31)
    assert types_held(evidence, date(2028, 1, 1)) == []


def test_a_photograph_that_grows_too_old_is_held_until_the_day_that_it_does() -> None:
    evidence = person(record("portrait-photo", {"present": True, "taken_on": "2024-12-01"}))
    assert held(evidence, TODAY, RULES)[0].valid_until == date(2026, 12, 1)
    assert next_turn(evidence, TODAY, RULES) == date(2026, 12, 2)
    assert types_held(evidence, date(2026, 12, 2)) == []


@pytest.mark.parametrize(
    "no_proof",
    [
        record("vaccination-record", {"child_name": "李育成", "birth_date": "1990-01-01", "complete": False}),
        record("household-register", {**REGISTER, "holder_name": "李育诚"}),
        record("household-register", {**REGISTER, "address": ""}),
        record("household-register", {"holder_name": "李育成"}),
        record("id-card", {"number": "1f" * 32, "name": "李育成", "birth_date": "1990-01-02"}),
        record("id-card", {"number": "2e" * 32, "name": "李育成", "birth_date": "1990-01-01"}),
        record("portrait-photo", {"present": False, "taken_on": "2026-01-01"}),
        record("rental-contract-record", {**TENANCY, "tenant_name": "王芳", "term_to": "2028-01-01"}),
        record("no-such-type", {"name": "李育成"}),
    ],
)
def test_what_can_prove_nothing_for_its_holder_is_not_held(no_proof: EvidenceRecord) -> None:
    assert types_held(person(no_proof)) == []


def test_the_name_in_the_other_script_is_the_holder_s() -> None:
    assert types_held(person(record("bank-account", {"name": "範育成"}), name="范育成")) == ["bank-account"]


def test_a_holding_says_what_forms_and_items_build_on_and_no_more() -> None:
    register, work = held(
        person(record("household-register", REGISTER), record("social-insurance-record", WORK, "r2")), TODAY, RULES
    )
    assert (register.says, work.says) == ({"address": HOME}, {"months_paid": 8})
    [tenancy] = held(person(record("rental-contract-record", {**TENANCY, "term_to": "2027-12-31"})), TODAY, RULES)
    assert tenancy.says == {"address": HOME}


def test_what_a_document_says_is_told_again_when_it_changes() -> None:
    before = settled(person(record("household-register", REGISTER)), TODAY, RULES)
    moved = before.with_records([record("household-register", {**REGISTER, "address": HOME.replace("501", "502")})])
    assert settled(moved, TODAY, RULES).holdings_sequence == before.holdings_sequence + 1


DAYS = st.dates(date(2022, 1, 1), date(2030, 12, 31))
SAID_DAYS = DAYS.map(date.isoformat) | st.just("")


@st.composite
def records_held(draw: st.DrawFn) -> EvidenceRecord:
    document_type = draw(st.sampled_from(["rental-contract-record", "portrait-photo", "household-register"]))
    said: dict[str, dict[str, Value]] = {
        "rental-contract-record": {**TENANCY, "term_from": draw(SAID_DAYS), "term_to": draw(SAID_DAYS)},
        "portrait-photo": {"taken_on": draw(SAID_DAYS)},
        "household-register": {**REGISTER, "holder_name": draw(st.sampled_from(["李育成", "王芳"]))},
    }
    return record(
        document_type,
        said[document_type],
        draw(st.sampled_from(["r1", "r2", "r3"])),
        valid_from=draw(st.none() | DAYS),
        valid_until=draw(st.none() | DAYS),
    )


@given(st.lists(records_held(), max_size=3, unique_by=lambda each: each.record_id), DAYS)
def test_a_document_is_held_exactly_when_the_comparison_of_what_it_says_proves_it(
    records: list[EvidenceRecord], on: date
) -> None:
    evidence = person(*records)
    claims: dict[str, Value] = {"holder_name": "李育成", "tenant_name": "李育成", "address": HOME}
    for document_type in ("rental-contract-record", "portrait-photo", "household-register"):
        verdict = decide(evidence, [document_type], claims, RULES, on)
        assert verdict.proven == (document_type in types_held(evidence, on))


@given(st.lists(records_held(), max_size=3, unique_by=lambda each: each.record_id), DAYS)
def test_nothing_changes_between_two_turns(records: list[EvidenceRecord], on: date) -> None:
    evidence = person(*records)
    turn = next_turn(evidence, on, RULES)
    quiet = min((turn or date(2033, 1, 1)) - timedelta(days=1), on + timedelta(days=400))
    assert types_held(evidence, quiet) == types_held(evidence, on)


@given(st.lists(records_held(), max_size=3, unique_by=lambda each: each.record_id), DAYS)
def test_a_holding_proves_until_its_last_day_and_no_longer(records: list[EvidenceRecord], on: date) -> None:
    evidence = person(*records)
    for holding in held(evidence, on, RULES):
        last = holding.valid_until
        if last is not None:
            assert holding.document_type in types_held(evidence, last)
            alone = person(*(r for r in records if r.document_type == holding.document_type))
            after = [each.valid_until for each in held(alone, last + timedelta(days=1), RULES)]
            assert all(end is None or end > last for end in after)
