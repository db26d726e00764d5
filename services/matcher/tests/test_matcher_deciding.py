from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord, Keeper, Source, Status, Value
from matcher.domain.verdicts import Verdict, decide
from matcher.main import read_rules

TODAY = date(2026, 11, 23)
RULES = read_rules()
FLAT = "深圳市龙华区民治街道梅陇镇花园3栋1201"
PROPERTY: dict[str, Value] = {"owner_name": "王建国", "address": FLAT, "certificate_number": "粤(2019)0012345"}
CLAIMS: dict[str, Value] = {"owner_name": "王建国", "address": "民治街道梅陇镇花园三棟1201", "tenant_name": "李育成"}


def record(
    fields: Mapping[str, Value],
    document_type: str = "property-certificate",
    *,
    source: Source = "city-mirror",
    id: str = "r1",
    status: Status = "valid",
    begins: date | None = date(2020, 1, 1),
    ends: date | None = None,
) -> EvidenceRecord:
    keeper: Keeper = "city" if source == "city-mirror" else "credential-store"
    content = EvidenceContent(fields=dict(fields), valid_from=begins, valid_until=ends, sequence=1)
    return EvidenceRecord(
        keeper=keeper,
        record_id=id,
        source=source,
        document_type=document_type,
        status=status,
        sequence=2,
        content=content,
    )


def tried(
    *records: EvidenceRecord,
    types: tuple[str, ...] = ("property-certificate",),
    claims: Mapping[str, Value] = CLAIMS,
    suspended: bool = False,
    handed_in: str | None = None,
) -> Verdict:
    evidence = Evidence(id="index", resident_id="res_1", suspended=suspended).with_records(records)
    return decide(evidence, types, claims, RULES, TODAY, handed_in=handed_in)


def answers(verdict: Verdict) -> dict[str, tuple[str, str | None]]:
    return {f.field: (f.compared.result, f.compared.reason) for f in verdict.findings}


def test_a_document_is_proven_when_every_required_field_is_equal() -> None:
    verdict = tried(record(PROPERTY))
    assert verdict.proven
    assert (verdict.document_type, verdict.source) == ("property-certificate", "city-mirror")
    assert answers(verdict) == {"owner_name": ("equal", None), "address": ("equal", None)}


def test_an_optional_field_is_compared_only_when_it_was_claimed() -> None:
    wrong = {**CLAIMS, "certificate_number": "粤(2019)9999999"}
    verdict = tried(record(PROPERTY), claims=wrong)
    assert not verdict.proven
    assert answers(verdict)["certificate_number"] == ("different", "value-differs")
    assert tried(record(PROPERTY), claims={**CLAIMS, "certificate_number": " "}).proven


def test_a_required_field_that_was_not_claimed_proves_nothing() -> None:
    verdict = tried(record(PROPERTY), claims={"owner_name": "王建国"})
    assert answers(verdict)["address"] == ("missing", "not-claimed")
    assert not verdict.proven


def test_a_claimed_field_that_the_record_does_not_say_is_missing() -> None:
    verdict = tried(record({"owner_name": "王建国"}))
    assert answers(verdict)["address"] == ("missing", "not-held")


def test_sources_are_asked_in_their_order_and_the_first_that_proves_is_named() -> None:
    city = record(PROPERTY)
    store = record(PROPERTY, source="district-store", id="r2")
    department = record(PROPERTY, source="department-record", id="r3")
    assert tried(department, store, city).source == "city-mirror"
    assert tried(department, store).source == "district-store"
    assert tried(department).source == "department-record"
    elsewhere = record({**PROPERTY, "address": "民治街道梅陇镇花园4栋1201"})
    assert tried(elsewhere, department).source == "department-record"


def test_within_a_source_the_items_order_of_document_types_decides() -> None:
    rental = record(
        {"tenant_name": "李育成", "address": FLAT, "term_from": "2026-11-01", "term_to": "2027-10-31"},
        "rental-contract-record",
        id="r2",
    )
    both = ("rental-contract-record", "property-certificate")
    assert tried(record(PROPERTY), rental, types=both).document_type == "rental-contract-record"
    assert tried(record(PROPERTY), rental, types=both[::-1]).document_type == "property-certificate"


def test_of_several_records_that_prove_the_longest_valid_is_named() -> None:
    soon = record(PROPERTY, id="a", ends=date(2026, 12, 1))
    later = record(PROPERTY, id="b", ends=date(2027, 12, 1))
    assert tried(soon, later).record == later
    assert tried(soon, later, record(PROPERTY, id="c")).record == record(PROPERTY, id="c")


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (record(PROPERTY, ends=date(2026, 11, 22)), ("expired", "record-expired")),
        (record(PROPERTY, status="expired"), ("expired", "record-expired")),
        (record(PROPERTY, status="revoked"), ("revoked", "record-revoked")),
        (record(PROPERTY, status="suspended"), ("revoked", "record-suspended")),
        (record(PROPERTY, begins=date(2026, 11, 24)), ("missing", "not-valid-yet")),
    ],
)
def test_revoked_expired_and_missing_are_told_apart(held: EvidenceRecord, answer: tuple[str, str]) -> None:
    verdict = tried(held)
    assert not verdict.proven
    assert set(answers(verdict).values()) == {answer}
    assert {f.field: (f.claimed, f.held) for f in verdict.findings}["address"] == (CLAIMS["address"], FLAT)


def test_a_record_is_valid_on_its_first_and_last_day() -> None:
    assert tried(record(PROPERTY, begins=TODAY, ends=TODAY)).proven


def test_without_any_record_every_required_field_is_missing() -> None:
    verdict = tried(types=("property-certificate", "rental-contract-record"))
    assert verdict.document_type == "property-certificate"
    assert verdict.record is None
    assert answers(verdict) == {"owner_name": ("missing", "no-record"), "address": ("missing", "no-record")}


def test_a_withdrawal_that_came_before_its_record_says_revoked() -> None:
    withdrawn = record(PROPERTY, status="revoked").model_copy(update={"content": None})
    assert set(answers(tried(withdrawn)).values()) == {("revoked", "record-revoked")}


def test_the_nearest_evidence_explains_what_failed() -> None:
    far = record({"owner_name": "赵六", "address": "大浪街道浪口新村1栋101"}, id="a")
    near = record({"owner_name": "王建国", "address": "民治街道梅陇镇花园3栋1202"}, id="b", source="department-record")
    verdict = tried(far, near)
    assert verdict.record == near
    assert answers(verdict)["address"] == ("different", "unit-differs")


def test_a_revoked_record_that_fits_explains_better_than_a_valid_one_of_another_flat() -> None:
    other = record({"owner_name": "王建国", "address": "大浪街道浪口新村1栋101"}, id="a")
    gone = record(PROPERTY, id="b", status="revoked")
    assert tried(other, gone).record == gone


def test_of_equally_near_records_the_valid_one_explains() -> None:
    wrong_name = {**CLAIMS, "owner_name": "王建军"}
    gone = record(PROPERTY, id="a", status="revoked")
    valid = record(PROPERTY, id="b", source="department-record")
    assert tried(gone, valid, claims=wrong_name).record == valid


def test_a_scan_that_was_handed_in_decides_which_document_is_explained() -> None:
    types = ("property-certificate", "rental-contract-record")
    near = record({**PROPERTY, "owner_name": "王建军"})
    verdict = tried(near, types=types, handed_in="rental-contract-record")
    assert (verdict.document_type, verdict.record) == ("rental-contract-record", None)
    assert tried(near, types=types).document_type == "property-certificate"
    assert tried(record(PROPERTY), types=types, handed_in="rental-contract-record").proven


def test_the_holders_index_is_compared_and_not_shown() -> None:
    card: dict[str, Value] = {"number": "index", "name": "李育成", "birth_date": "1990-01-01"}
    claims: dict[str, Value] = {"number": "index", "name": "李育成", "birth_date": "1990-01-01"}
    verdict = tried(record(card, "id-card"), types=("id-card",), claims=claims)
    assert verdict.proven
    assert [f for f in verdict.findings if f.field == "number" and (f.claimed or f.held)] == []
    somebody = record({**card, "number": "another"}, "id-card")
    assert answers(tried(somebody, types=("id-card",), claims=claims))["number"] == ("different", "value-differs")
    unsaid = record({"name": "李育成", "birth_date": "1990-01-01"}, "id-card")
    assert tried(unsaid, types=("id-card",), claims=claims).proven


def test_the_card_of_a_suspended_person_is_revoked_and_their_other_documents_are_not() -> None:
    card = record({"name": "李育成", "birth_date": "1990-01-01"}, "id-card", source="district-store")
    claims: dict[str, Value] = {"name": "李育成", "birth_date": "1990-01-01"}
    verdict = tried(card, types=("id-card",), claims=claims, suspended=True)
    assert set(answers(verdict).values()) == {("revoked", "person-suspended")}
    assert tried(record(PROPERTY), suspended=True).proven


def test_a_document_type_without_rules_is_never_proven() -> None:
    verdict = tried(record(PROPERTY, "fishing-licence"), types=("fishing-licence",), claims={"name": "李育成"})
    assert answers(verdict) == {"name": ("missing", "no-rule")}
    assert answers(tried(types=("fishing-licence",), claims={})) == {"document": ("missing", "no-rule")}


def test_a_certificate_that_a_person_approved_matches_the_next_applicant() -> None:
    approved = record(
        {"child_name": "李小明", "birth_date": "2020-02-29", "parents": ["李育成", "王芳"]},
        "birth-certificate",
        source="district-store",
    )
    claims: dict[str, Value] = {"child_name": "李小明", "birth_date": "2020-02-29", "parents": ["王芳"]}
    verdict = tried(approved, types=("birth-certificate",), claims=claims)
    assert verdict.proven
    assert verdict.source == "district-store"


def test_a_vaccination_record_must_be_complete_in_the_mirror_and_is_taken_for_complete_once_approved() -> None:
    said: dict[str, Value] = {"child_name": "李曉明", "birth_date": "2020-02-29"}
    claims: dict[str, Value] = {"child_name": "李晓明", "birth_date": "2020-02-29"}
    types = ("vaccination-record",)
    assert tried(record({**said, "complete": True}, types[0]), types=types, claims=claims).proven
    assert not tried(record({**said, "complete": False}, types[0]), types=types, claims=claims).proven
    assert not tried(record(said, types[0]), types=types, claims=claims).proven
    assert tried(record(said, types[0], source="district-store"), types=types, claims=claims).proven


CARD: dict[str, Value] = {"number": "index", "name": "李干", "birth_date": "1990-01-01"}
BOOK: dict[str, Value] = {"holder_name": "李干", "address": FLAT}
LI_QIAN: dict[str, Value] = {"name": "李乾", "holder_name": "李乾", "birth_date": "1990-01-01", "address": FLAT}


def test_a_name_that_differs_in_what_names_keep_apart_is_looked_at_by_a_person() -> None:
    verdict = tried(record(BOOK, "household-register"), types=("household-register",), claims=LI_QIAN)
    assert not verdict.proven
    assert answers(verdict)["holder_name"] == ("close", "name-characters-kept-apart")


def test_a_record_with_the_holders_number_proves_the_name_all_the_same() -> None:
    assert tried(record(CARD, "id-card"), types=("id-card",), claims=LI_QIAN).proven


def test_only_a_number_that_the_record_itself_has_stands_behind_the_name() -> None:
    unsaid = {field: value for field, value in CARD.items() if field != "number"}
    verdict = tried(record(unsaid, "id-card"), types=("id-card",), claims=LI_QIAN)
    assert answers(verdict)["name"] == ("close", "name-characters-kept-apart")
