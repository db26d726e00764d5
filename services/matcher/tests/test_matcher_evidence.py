"""Any order and any repetition of what others say ends in the same evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, Outcome, Received, View
from matcher.domain.evidence import Evidence
from matcher.domain.holdings import held, next_turn
from matcher.events import HoldingsChanged
from matcher.handlers import calendar_days, people, records
from matcher.handlers.dependencies import Deps
from matcher.views import CityRecord, CityRecordGone, CredentialGone, PersonKnown, StoredCredential, SuspensionChanged
from services.matcher.tests.fakes import RULES, FakeEvidence, deps_of
from testkit.fakes import FakeClock, apply, received

INDEX = "1f" * 32
HOME = "深圳市龙华区民治街道民乐社区梅龙路12号3栋501"
Handler = Callable[[Received[Any], Deps], Awaitable[Outcome[None]]]


@dataclass(frozen=True)
class News:
    """An event and the handler that hears it."""

    data: View
    handler: Handler

    async def heard(self, store: FakeEvidence, clock: FakeClock | None = None) -> Outcome[None]:
        """Have it handled; one that is too late is refused, and nothing is stored of it."""
        try:
            return await self.handler(received(self.data, type="city.record.v1"), deps_of(store, clock=clock))
        except BrokenMessageError as error:
            if error.reason != "older-than-held":
                raise
            return NOTHING


def known(sequence: int = 1, name: str = "李育成") -> News:
    person = PersonKnown(
        resident_id="res_1",
        holder_index=INDEX,
        name=name,
        birth_date=date(1990, 1, 1),
        address="民治街道1栋",
        sequence=sequence,
    )
    return News(person, people.learn_person)


def held_up(sequence: int, *, suspended: bool) -> News:
    person = SuspensionChanged(resident_id="res_1", holder_index=INDEX, sequence=sequence)
    return News(person, people.suspend_person if suspended else people.reinstate_person)


def city(sequence: int, id: str = "c1", until: date | None = None, name: str = "李育成") -> News:
    record = CityRecord(
        record_id=id,
        document_type="bank-account",
        holder_index=INDEX,
        fields={"name": name},
        valid_from=None,
        valid_until=until,
        sequence=sequence,
    )
    return News(record, records.learn_city_record)


def city_gone(sequence: int, id: str = "c1") -> News:
    gone = CityRecordGone(record_id=id, document_type="bank-account", holder_index=INDEX, sequence=sequence)
    return News(gone, records.revoke_city_record)


def stored(sequence: int, origin: str = "identity", document_type: str = "id-card") -> News:
    credential = {
        "credential_id": f"cred-{document_type}",
        "document_type": document_type,
        "holder": {"index": INDEX},
        "fields": {"name": "李育成", "birth_date": "1990-01-01", "address": HOME, "months_paid": 12 + sequence},
        "origin": origin,
        "valid_from": "2020-01-01",
        "valid_until": "2030-01-01",
        "sequence": sequence,
    }
    return News(StoredCredential.model_validate(credential), records.learn_credential)


def gone(sequence: int, handler: Handler, document_type: str = "id-card") -> News:
    credential = {
        "credential_id": f"cred-{document_type}",
        "document_type": document_type,
        "holder": {"index": INDEX},
        "sequence": sequence,
    }
    return News(CredentialGone.model_validate(credential), handler)


HISTORY = [
    known(1, "李育城"),
    known(2),
    held_up(3, suspended=True),
    held_up(4, suspended=False),
    city(1),
    city(3, name="李育成 "),
    city_gone(2),
    city(1, id="c2", until=date(2027, 1, 1)),
    city_gone(2, id="c2"),
    city_gone(7, id="c3"),
    stored(1),
    gone(2, records.suspend_credential),
    stored(3),
    gone(5, records.revoke_credential, "residence-permit"),
    stored(4, "grant", "residence-permit"),
    stored(1, "department", "social-insurance-record"),
    gone(2, records.expire_credential, "social-insurance-record"),
    stored(3, "department", "social-insurance-record"),
]


def told(news: list[News]) -> tuple[Evidence, list[HoldingsChanged]]:
    """Let the handlers hear everything in this order; return the evidence and the announcements."""
    return asyncio.run(_told(news))


async def _told(news: list[News]) -> tuple[Evidence, list[HoldingsChanged]]:
    store = FakeEvidence()
    announced: list[HoldingsChanged] = []
    for each in news:
        outcome = await each.heard(store)
        apply(outcome)
        announced += [event for event in outcome.events if isinstance(event, HoldingsChanged)]
    return store.all[INDEX], announced


def _state(evidence: Evidence) -> dict[str, object]:
    """Leave out what counts changes, not what is known."""
    return evidence.model_dump(exclude={"version", "holdings_sequence"})


EXPECTED, ANNOUNCED = told(HISTORY)


@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=12))
def test_any_order_and_any_repetition_ends_in_the_same_evidence(order: list[News], repeated: list[News]) -> None:
    evidence, announced = told([*order, *repeated])
    assert _state(evidence) == _state(EXPECTED)
    assert announced[-1].holdings == ANNOUNCED[-1].holdings
    assert [each.sequence for each in announced] == list(range(1, len(announced) + 1))


@given(st.lists(st.sampled_from(HISTORY), min_size=1, max_size=20))
def test_the_last_announcement_always_says_what_is_held(news: list[News]) -> None:
    evidence, announced = told(news)
    if evidence.resident_id is None:
        assert not announced
    else:
        said = [holding.model_dump() for holding in announced[-1].holdings] if announced else []
        assert said == [each.model_dump() for each in held(evidence, date(2026, 11, 23), RULES)]


def test_the_history_ends_as_the_highest_sequences_say() -> None:
    standing = {record.record_id: record.standing(date(2026, 11, 23)) for record in EXPECTED.records}
    assert standing == {
        "c1": "valid",
        "c2": "revoked",
        "c3": "revoked",
        "cred-id-card": "valid",
        "cred-residence-permit": "revoked",
        "cred-social-insurance-record": "valid",
    }
    assert (EXPECTED.name, EXPECTED.suspended) == ("李育成", False)
    held = {(holding.document_type, holding.source) for holding in EXPECTED.holdings}
    assert held == {
        ("bank-account", "city-mirror"),
        ("id-card", "district-store"),
        ("social-insurance-record", "department-record"),
    }


def test_old_news_changes_nothing_and_says_nothing() -> None:
    async def hear() -> None:
        store = FakeEvidence()
        for each in (known(), city(2)):
            apply(await each.heard(store))
        for each in (known(), city(2), city(1), city_gone(1)):
            outcome = await each.heard(store)
            assert ([*outcome.changes], [*outcome.events]) == ([], [])

    asyncio.run(hear())


def test_nothing_is_announced_for_somebody_who_is_not_registered() -> None:
    evidence, announced = told([city(1), stored(1)])
    assert len(evidence.records) == 2
    assert announced == []


def test_what_was_held_before_the_registration_is_announced_with_it() -> None:
    _, announced = told([city(1), known()])
    assert [holding.document_type for holding in announced[0].holdings] == ["bank-account"]
    assert (announced[0].resident_id, announced[0].sequence) == ("res_1", 1)


def test_news_that_changes_no_holding_is_not_announced() -> None:
    _, announced = told([known(), city(1), city(2, name=" 李育成"), city(1, id="c2")])
    assert len(announced) == 1


def test_a_record_in_another_s_name_is_no_document_that_need_not_be_brought() -> None:
    _, announced = told([known(), city(1), city(2, name="王芳"), city(3, name="李育成")])
    assert [len(each.holdings) for each in announced] == [1, 0, 1]


def test_a_renewed_name_takes_the_documents_in_the_old_one_with_it() -> None:
    _, announced = told([known(1), city(1), known(2, "李育晟")])
    assert [len(each.holdings) for each in announced] == [1, 0]


def test_a_suspended_person_holds_no_identity_card() -> None:
    _, announced = told([known(), stored(1), held_up(2, suspended=True), held_up(3, suspended=False)])
    assert [[holding.document_type for holding in each.holdings] for each in announced] == [
        ["id-card"],
        [],
        ["id-card"],
    ]


async def test_a_record_that_ends_overnight_is_announced_without_any_news() -> None:
    clock, store = FakeClock(), FakeEvidence()
    for each in (known(), city(1, until=date(2026, 11, 24))):
        apply(await each.heard(store, clock))
    clock.advance(timedelta(days=1))
    assert await calendar_days.turn(deps_of(store, clock=clock)) == []
    clock.advance(timedelta(days=1))
    [outcome] = await calendar_days.turn(deps_of(store, clock=clock))
    apply(outcome)
    [announced] = outcome.events
    assert isinstance(announced, HoldingsChanged)
    assert (announced.holdings, announced.sequence, outcome.case) == ([], 2, "res_1")
    assert await calendar_days.turn(deps_of(store, clock=clock)) == []


def test_a_record_that_begins_later_turns_then() -> None:
    evidence, _ = told([known()])
    credential = stored(1).data
    assert isinstance(credential, StoredCredential)
    later = records.credential_record(credential.model_copy(update={"valid_from": date(2026, 12, 1)}), FakeClock()())
    turned = evidence.with_record(later)
    assert next_turn(turned, date(2026, 11, 23), RULES) == date(2026, 12, 1)
    assert next_turn(turned, date(2026, 12, 1), RULES) == date(2030, 1, 2)


def test_a_record_without_an_end_never_turns() -> None:
    evidence, _ = told([known(), city(1)])
    assert next_turn(evidence, date(2026, 11, 23), RULES) is None
