"""What the city resource centre is told of what it sends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.published import RecordAccepted
from messaging.envelope import BrokenMessageError
from services.matcher.tests.fakes import FakeEvidence, deps_of
from services.matcher.tests.test_matcher_evidence import News, city, city_gone
from testkit.fakes import apply, received


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
    ("source", "document_type", "reason"),
    [("health", "bank-account", "wrong-source"), ("city", "library-card", "unknown-document-type")],
)
async def test_a_forged_source_and_an_unknown_document_type_are_refused(
    source: str, document_type: str, reason: str
) -> None:
    news = city(1)
    data = news.data.model_copy(update={"document_type": document_type})
    event = replace(received(data, type="city.record.v1"), source=f"/yizheng/{source}")
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
