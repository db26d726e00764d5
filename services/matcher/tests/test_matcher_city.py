"""What the city resource centre is told of what it sends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bus.envelope import BrokenMessageError
from matcher.events import RecordAccepted
from matcher.handlers import records
from matcher.views import CityRecord, Holder, StoredCredential
from records import persons
from services.matcher.tests.fakes import FakeEvidence, deps_of
from services.matcher.tests.test_matcher_evidence import INDEX, News, city, city_gone, known
from standards.bounds import MOST_RECORDS
from testkit.fakes import apply, received
from testkit.persons import NUMBER, key_folder, with_person


@pytest.mark.parametrize(
    ("held", "late", "reason", "sequence"),
    [
        ([city(3)], city(2), "older-than-held", 3),
        ([city(3)], city_gone(2), "older-than-held", 3),
        ([city_gone(5)], city_gone(4), "older-than-held", 5),
        ([city(2)], city(2, name="王五"), "sequence-reused", 2),
        ([city(2)], city_gone(2), "sequence-reused", 2),
        ([city_gone(2)], city(2), "sequence-reused", 2),
    ],
)
async def test_the_city_is_told_what_is_older_or_under_a_used_sequence(
    held: list[News], late: News, reason: str, sequence: int
) -> None:
    store = FakeEvidence()
    for each in held:
        apply(await each.heard(store))
    before = dict(store.all)
    with pytest.raises(BrokenMessageError) as caught:
        await late.handler(received(late.data, type="city.record.v1"), deps_of(store))
    assert (caught.value.reason, caught.value.path) == (reason, "/data/sequence")
    assert caught.value.rule.startswith(f"greater than {sequence},")
    assert store.all == before


@pytest.mark.parametrize("again", [city(2), city_gone(4)])
async def test_the_same_again_is_no_fault_and_its_sender_is_told_if_it_asks(again: News) -> None:
    store = FakeEvidence()
    for result in ("stored", "unchanged"):
        event = replace(received(again.data, type="city.record.v1"), wants_receipt=True)
        outcome = await again.handler(event, deps_of(store))
        apply(outcome)
        [accepted] = outcome.events
        assert isinstance(accepted, RecordAccepted)
        assert (accepted.addressee, accepted.record_id, accepted.result) == ("city", "c1", result)


async def test_an_older_record_that_is_delivered_again_by_an_operator_is_ignored() -> None:
    store = FakeEvidence()
    apply(await city(3).heard(store))
    event = replace(received(city(2).data, type="city.record.v1"), is_redelivered=True)
    outcome = await city(2).handler(event, deps_of(store))
    assert not outcome.changes


@pytest.mark.parametrize(
    ("source", "case", "document_type", "reason"),
    [
        ("health", "c1", "bank-account", "wrong-source"),
        ("city", NUMBER, "bank-account", "number-for-index"),
        ("city", "c1", "library-card", "unknown-document-type"),
    ],
)
async def test_a_forged_source_a_number_for_a_case_and_an_unknown_document_type_are_refused(
    source: str, case: str, document_type: str, reason: str
) -> None:
    news = city(1)
    data = news.data.model_copy(update={"document_type": document_type})
    event = replace(received(data, type="city.record.v1"), source=f"/yizheng/{source}", case=case)
    with pytest.raises(BrokenMessageError) as caught:
        await news.handler(event, deps_of(FakeEvidence()))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("fields", "reason", "path"),
    [
        ({"account_number": "6217"}, "field-missing", "/data/fields/name"),
        ({"name": "李育成", "account_number": 6217}, "field-not-text", "/data/fields/account_number"),
    ],
)
async def test_values_that_the_document_type_does_not_have_are_refused(
    fields: dict[str, object], reason: str, path: str
) -> None:
    store, news = FakeEvidence(), city(1)
    event = received(news.data.model_copy(update={"fields": fields}), type="city.record.v1")
    with pytest.raises(BrokenMessageError) as caught:
        await news.handler(replace(event, source="/yizheng/city"), deps_of(store))
    assert (caught.value.reason, caught.value.path) == (reason, path)
    assert not store.all


async def test_the_city_holds_so_many_records_of_one_person_and_no_more() -> None:
    store = FakeEvidence()
    for number in range(MOST_RECORDS):
        apply(await city(1, id=f"c{number}").heard(store))
    held = dict(store.all)

    for one_more in (city(1, id="more"), city_gone(1, id="more")):
        with pytest.raises(BrokenMessageError) as caught:
            await one_more.handler(received(one_more.data, type="city.record.v1"), deps_of(store))
        assert (caught.value.reason, caught.value.path) == ("holder-full", "/data/holder_index")
    assert store.all == held
    apply(await city(2, id="c0", name="王五").heard(store))


@given(st.none() | st.dates(), st.none() | st.dates())
def test_whatever_the_days_a_record_is_kept_and_counts_or_is_refused(begins: date | None, ends: date | None) -> None:
    asyncio.run(_told(begins, ends))


async def _told(begins: date | None, ends: date | None) -> None:
    store, news = FakeEvidence(), city(1)
    days = {"valid_from": begins and begins.isoformat(), "valid_until": ends and ends.isoformat()}
    try:
        record = CityRecord.model_validate(news.data.model_dump(mode="json") | days)
        apply(await news.handler(received(record, type="city.record.v1"), deps_of(store)))
    except ValidationError as error:
        assert error.errors()[0]["loc"][0] in days  # noqa: PT017 - which one depends on the days
    except BrokenMessageError as error:
        assert error.path == "/data/valid_until"  # noqa: PT017 - it may be refused or kept
    else:
        assert store.all


@given(st.dates(), st.none() | st.dates(), st.dates(), st.dates())
def test_whatever_the_days_of_a_credential_of_our_own_it_is_kept_and_counts(
    begins: date, ends: date | None, first: date, last: date
) -> None:
    asyncio.run(_learnt(begins, ends, first, last))


async def _learnt(begins: date, ends: date | None, first: date, last: date) -> None:
    """Hear of credentials as they may have been stored before days had bounds."""
    store = FakeEvidence()
    apply(await known().heard(store))
    for kind, name in (
        ("rental-contract-record", "term_to"),
        ("portrait-photo", "taken_on"),
        ("id-card", "birth_date"),
    ):
        credential = StoredCredential(
            credential_id=f"crd_{kind}",
            document_type=kind,
            holder=Holder(index=INDEX),
            fields={"term_from": first.isoformat(), name: last.isoformat(), "present": True},
            origin="review",
            valid_from=begins,
            valid_until=ends,
            sequence=1,
        )
        apply(await records.learn_credential(received(credential), deps_of(store)))
    assert len(store.all[INDEX].records) == 3


async def test_a_record_with_its_person_encrypted_is_the_same_evidence() -> None:
    deps, store = deps_of(FakeEvidence()), FakeEvidence()
    sent = {"record_id": "c1", "document_type": "bank-account", "sequence": 1, "valid_from": None, "valid_until": None}
    event = {"source": "/yizheng/city", "type": "city.city-record-published.v2", "data": sent}
    person = {"number": NUMBER, "fields": {"name": "李育成", "account_number": "6217"}}
    data = persons.EncryptedRecord.model_validate(with_person(event, person, key_folder())["data"])
    message = replace(received(data, type="city.city-record-published.v2"), case="c1", source="/yizheng/city")

    opened = records.open_city_record(message, deps)
    apply(await records.learn_city_record(opened, deps_of(store)))

    (evidence,) = store.all.values()
    assert evidence.id == opened.lane == deps.opener.index.of(NUMBER)
    assert [each.content.fields for each in evidence.records if each.content] == [person["fields"]]
