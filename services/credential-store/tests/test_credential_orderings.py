"""Any order and any repetition of a holder's events ends in the same state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credential_office import INDEX, Office, Told, approved, granted, held, published, registered, withdrawn
from credential_store.domain.status import status_on
from credential_store.events import CredentialStatusChanged, CredentialStored
from runtime.clock import today


@pytest.fixture
def office() -> Office:
    return Office()


STORY: Sequence[Told] = (
    registered(),
    held(1, "suspended", 2),
    held(2, "reinstated", 3),
    registered(3, "updated", valid_until="2046-03-01", name="李育城", sequence=4),
    held(4, "suspended", 5),
    approved(10),
    approved(12, fields={"child_name": "李晓华", "certificate_number": "T440300001"}),
    approved(13, "id-card", fields={"number": INDEX, "name": "李育成", "birth_date": "1990-01-01"}),
    granted(),
    granted(25, valid_until="2028-08-31"),
    published(1),
    withdrawn(2),
    published(3, valid_until="2026-11-01"),
    published(4),
    withdrawn(5),
    published(1, record_id="vac-2"),
)


def what_it_proves(office: Office) -> dict[str, object]:
    """Return everything that does not merely tell in which order things arrived."""
    day = today(office.clock())
    return {
        id_: (it.status, status_on(it, day), it.expires_on, it.holder.index, it.current and it.current.content)
        for id_, it in office.documents.all.items()
    }


def last_announcements(office: Office) -> dict[str, object]:
    """Return, for each credential, what others believe: the announcement with the highest sequence."""
    last: dict[str, CredentialStored | CredentialStatusChanged] = {}
    for event in office.published:
        assert isinstance(event, CredentialStored | CredentialStatusChanged)
        assert event.credential_id not in last or event.sequence == last[event.credential_id].sequence + 1
        last[event.credential_id] = event
    return {id_: (event.type, getattr(event, "fields", None)) for id_, event in last.items()}


@settings(max_examples=200)
@given(st.lists(st.sampled_from(STORY), max_size=10).flatmap(lambda extra: st.permutations([*STORY, *extra])))
def test_any_order_and_any_repetition_of_a_holders_events_ends_in_the_same_state(told: Sequence[Told]) -> None:
    in_order, shuffled = Office(), Office()

    async def happen() -> None:
        await in_order.hears_or_refuses(*STORY)
        await shuffled.hears_or_refuses(*told)

    asyncio.run(happen())
    assert what_it_proves(shuffled) == what_it_proves(in_order)
    assert last_announcements(shuffled) == last_announcements(in_order)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(STORY), min_size=1, max_size=10))
def test_a_repeated_event_changes_and_publishes_nothing(told: Sequence[Told]) -> None:
    office = Office()

    async def happen() -> None:
        for each in told:
            await office.hears_or_refuses(each)
            before = dict(office.documents.all)
            assert await office.hears_or_refuses(each) == []
            assert office.documents.all == before

    asyncio.run(happen())
