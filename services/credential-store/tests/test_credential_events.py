from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

import credential_store
from credential_store.consumers import SUBSCRIPTIONS
from credential_store.domain.credential import Credential, Place
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.identifiers import credential_id, credential_of, identifier
from credential_store.domain.signed import TYP, Issuer, SignedVersion
from credential_store.domain.standing import status_on
from credential_store.domain.verdict import Trusted
from credential_store.handlers import exporting
from credential_store.handlers.expiry import expire
from credential_store.handlers.needs import Deps, Files, HandOvers
from credential_store.published import (
    CredentialExpired,
    CredentialRevoked,
    CredentialStatusChanged,
    CredentialStored,
    CredentialSuspended,
    DataExported,
    RecordAccepted,
)
from credential_store.store import CredentialDocuments, SignedDocuments
from messaging.envelope import BrokenMessageError
from messaging.event import Event, NotYet, Received
from runtime import exports
from runtime.blind_index import BlindIndex
from runtime.clock import today
from runtime.data_files import load
from runtime.holders import Holder
from runtime.signing import SigningKeys
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received

TYPES = load(Path(credential_store.__file__).parent / "data" / "document_types.yaml", DocumentTypes)
INDEX = "9f" * 32
RESIDENT = "res_01"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HANDLERS = {subscription.pattern: subscription for subscription in SUBSCRIPTIONS}

Told = tuple[str, int, dict[str, object]]
"""An event type, the minute at which it was published, and its data."""

HOLDER = {"resident_id": RESIDENT, "index": INDEX}


def registered(minute: int = 0, event: str = "registered", **changes: object) -> Told:
    card = {
        "resident_id": RESIDENT,
        "holder_index": INDEX,
        "name": "李育成",
        "birth_date": "1990-01-01",
        "issuing_authority": "衡阳市公安局",
        "valid_from": "2016-03-01",
        "valid_until": "2036-03-01",
        "sequence": 1,
    }
    return f"identity.id-{event}.v1", minute, card | changes


def held(minute: int, what: str, sequence: int) -> Told:
    data = {"resident_id": RESIDENT, "holder_index": INDEX, "reason": f"{what} by the police", "sequence": sequence}
    return f"identity.id-{what}.v1", minute, data


def approved(minute: int = 10, document_type: str = "birth-certificate", **changes: object) -> Told:
    at = NOW + timedelta(minutes=minute)
    data = {
        "task_id": f"task_{minute}",
        "application_id": "app_1",
        "document_type": document_type,
        "holder": HOLDER,
        "fields": {"child_name": "李小华", "certificate_number": "T440300001"},
        "stated_until": None,
        "approvals": [{"reviewer": "health-7", "approved_at": at.isoformat(), "note": None}],
    }
    return "review-dispatch.review-approved.v2", minute, data | changes


def granted(minute: int = 20, document_type: str = "rental-contract-record", **changes: object) -> Told:
    grant = {
        "document_type": document_type,
        "holder": HOLDER,
        "fields": {"record_number": "LH-2026-1", "tenant_name": "李育成", "term_to": "2027-08-31"},
        "valid_from": "2026-09-01",
        "valid_until": "2027-08-31",
    }
    at = NOW + timedelta(minutes=minute)
    data = {"application_id": f"app_{minute}", "decided_by": "automatic", "decided_at": at.isoformat()}
    return "applications.application-approved.v1", minute, data | {"grant": grant | changes}


def published(sequence: int, complete: bool = True, **changes: object) -> Told:  # noqa: FBT001, FBT002 - a field
    data = {
        "department": "health",
        "record_id": "vac-1",
        "document_type": "vaccination-record",
        "holder_index": INDEX,
        "fields": {"child_name": "李小华", "birth_date": "2020-02-29", "complete": complete},
        "valid_from": None,
        "valid_until": None,
        "sequence": sequence,
    }
    return "health.department-record-published.v1", 30 + sequence, data | changes


def withdrawn(sequence: int) -> Told:
    data = {
        "department": "health",
        "record_id": "vac-1",
        "document_type": "vaccination-record",
        "holder_index": INDEX,
        "reason": "entered for the wrong child",
        "sequence": sequence,
    }
    return "health.department-record-withdrawn.v1", 30 + sequence, data


def corrected(minute: int, credential: str | None, value: object = "李小桦", **changes: object) -> Told:
    data = {
        "task_id": f"task_{minute}",
        "holder": HOLDER,
        "credential_id": credential,
        "field": "child_name",
        "value": value,
        "officers": ["health-7"],
        "explanation": "与原件核对",
        "answered_at": (NOW + timedelta(minutes=minute)).isoformat(),
    }
    return "review-dispatch.correction-answered.v1", minute, data | changes


RECORD = credential_id(INDEX, "vaccination-record", "vac-1", "health")
ID_CARD = credential_id(INDEX, "id-card")


ISSUER = Issuer("https://yizheng.example", SigningKeys.of(ECKey.generate_key("P-256")))


class FakePlaces:
    """Gives out places one after the other."""

    def __init__(self) -> None:
        self.given = 0

    async def next(self) -> Place:
        self.given += 1
        return Place(list=1, index=self.given)

    async def has(self, number: int) -> bool:
        return number == 1


class Office:
    """The credential store over memory: hears events, and remembers what it published."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW + timedelta(hours=1))
        self.documents = FakeDocuments(Credential)
        self.published: list[Event] = []
        self.signed = FakeDocuments(SignedVersion)
        self.deps = Deps(
            credentials=CredentialDocuments(self.documents),
            signed=SignedDocuments(self.signed),
            places=FakePlaces(),
            issuer=ISSUER,
            trusted=Trusted(ISSUER.keys.public, ISSUER.keys.public, {ISSUER.url}),
            decoy=ISSUER.keys.sign({}, TYP),
            listed={},
            guardianships=FakeDocuments(Guardianship),
            hand_overs=cast("HandOvers", None),  # events hand over no files
            files=cast("Files", None),
            types=TYPES,
            blind_index=BlindIndex(b"k" * 32),
            clock=self.clock,
            eraser=NothingHeld(),
        )

    async def hears(self, *told: Told, receipt: bool = False, redelivered: bool = False) -> list[Event]:
        """Handle events one after the other; return what was published about them."""
        before = len(self.published)
        for type_, minute, data in told:
            subscription = HANDLERS.get(type_) or HANDLERS["*." + type_.partition(".")[2]]
            view = subscription.view.model_validate(data)
            at = NOW + timedelta(minutes=minute, microseconds=123_456)
            source = f"/yizheng/{type_.partition('.')[0]}"
            event = Received("e", type_, source, "c", at, view, wants_receipt=receipt, is_redelivered=redelivered)
            outcome = await subscription.handler(event, self.deps)
            apply(outcome)
            self.published += outcome.events
        return self.published[before:]

    async def hears_or_refuses(self, *told: Told) -> list[Event]:
        """Handle events of which some may be too late; nothing is stored of those."""
        before = len(self.published)
        for each in told:
            try:
                await self.hears(each)
            except BrokenMessageError as error:
                if error.reason != "older-than-held":
                    raise
        return self.published[before:]

    async def lets_time_pass(self, days: int) -> list[Event]:
        """Move the clock and do the periodic work."""
        self.clock.advance(timedelta(days=days))
        outcomes = await expire(self.deps)
        for outcome in outcomes:
            apply(outcome)
        return [event for outcome in outcomes for event in outcome.events]

    def holds(self, id: str) -> Credential:
        """Return a credential."""
        return self.documents.all[id]


@pytest.fixture
def office() -> Office:
    return Office()


async def test_the_identity_card_is_the_first_credential(office: Office) -> None:
    (event,) = await office.hears(registered())
    assert isinstance(event, CredentialStored)
    assert event.identifier.startswith("1.2.156.3005.2.11100000000013004C001.11440309000070017M.")
    assert event.identifier.split(".")[-2] == "001"
    assert event.fields == {"number": INDEX, "name": "李育成", "birth_date": "1990-01-01"}
    assert (event.origin, event.predecessor, event.sequence) == ("identity", None, 1)
    assert event.holder.resident_id == RESIDENT


async def test_a_renewed_card_is_the_next_version_and_names_its_predecessor(office: Office) -> None:
    renewal = registered(5, "updated", valid_until="2046-03-01", sequence=2)
    first, second = await office.hears(registered(), renewal)
    assert isinstance(first, CredentialStored)
    assert isinstance(second, CredentialStored)
    assert second.credential_id == first.credential_id
    assert second.predecessor == first.identifier
    assert second.identifier.split(".")[-2] == "002"
    assert office.holds(ID_CARD).issues[0].ended is not None


async def test_a_card_that_is_read_again_unchanged_makes_no_new_version(office: Office) -> None:
    await office.hears(registered())
    assert await office.hears(registered(5, sequence=2)) == []
    assert len(office.holds(ID_CARD).issues) == 1


async def test_a_suspended_persons_card_is_suspended_until_reinstated(office: Office) -> None:
    _, gone, back = await office.hears(registered(), held(1, "suspended", 2), held(2, "reinstated", 3))
    assert isinstance(gone, CredentialSuspended)
    assert gone.reason == "suspended by the police"
    assert isinstance(back, CredentialStored)
    assert back.sequence == 3


async def test_a_suspension_that_arrives_before_the_card_holds(office: Office) -> None:
    (event,) = await office.hears(held(1, "suspended", 2), registered())
    assert isinstance(event, CredentialSuspended)


async def test_what_a_person_approved_is_stored_for_as_long_as_such_an_approval_lasts(office: Office) -> None:
    fields = {"name": "李育成", "account_number": "6222"}
    (event,) = await office.hears(approved(document_type="bank-account", fields=fields))
    assert isinstance(event, CredentialStored)
    assert (event.origin, event.application_id) == ("review", "app_1")
    assert str(event.valid_from) == "2026-11-23"
    assert str(event.valid_until) == "2027-11-23"


async def test_the_same_approval_twice_is_one_credential(office: Office) -> None:
    assert len(await office.hears(approved(), approved())) == 1
    assert len(office.documents.all) == 1


async def test_a_later_approval_replaces_the_earlier_one_and_never_the_other_way_round(office: Office) -> None:
    later = approved(15, fields={"child_name": "李晓华", "certificate_number": "T440300001"})
    assert len(await office.hears(later, approved(10))) == 1


async def test_what_is_granted_is_stored(office: Office) -> None:
    (event,) = await office.hears(granted())
    assert isinstance(event, CredentialStored)
    assert (event.origin, event.application_id, str(event.valid_until)) == ("grant", "app_20", "2027-08-31")


async def test_an_approval_that_grants_nothing_stores_nothing(office: Office) -> None:
    kind, minute, data = granted()
    assert await office.hears((kind, minute, data | {"grant": None})) == []


async def test_a_holder_can_have_several_tenancies_but_one_senior_card(office: Office) -> None:
    other = {"record_number": "LH-2026-2", "tenant_name": "李育成", "term_to": "2027-08-31"}
    await office.hears(granted(), granted(21, fields=other))
    assert len(office.documents.all) == 2
    for minute in (22, 23):
        await office.hears(granted(minute, "senior-card", fields={"name": "李育成"}, valid_until=None))
    assert len(office.documents.all) == 3


async def test_a_record_that_has_expired_already_is_stored_as_expired(office: Office) -> None:
    (event,) = await office.hears(published(1, valid_until="2026-11-22"))
    assert isinstance(event, CredentialExpired)
    assert office.holds(RECORD).status == "05"


async def test_a_record_is_valid_on_its_last_day_and_expired_on_the_next(office: Office) -> None:
    await office.hears(published(1, valid_until="2026-11-24"))
    assert await office.lets_time_pass(days=1) == []
    (event,) = await office.lets_time_pass(days=1)
    assert isinstance(event, CredentialExpired)
    assert await office.lets_time_pass(days=1) == []


async def test_after_a_downtime_everything_that_is_overdue_expires(office: Office) -> None:
    for number in range(5):
        await office.hears(published(1, record_id=f"vac-{number}", valid_until=f"2026-12-{number + 1:02}"))
    assert len(await office.lets_time_pass(days=100)) == 5


async def test_a_withdrawn_record_is_revoked_and_can_be_published_again(office: Office) -> None:
    _, gone, back = await office.hears(published(1), withdrawn(2), published(3))
    assert isinstance(gone, CredentialRevoked)
    assert gone.reason == "entered for the wrong child"
    assert isinstance(back, CredentialStored)
    assert back.identifier.split(".")[-2] == "002"


async def test_a_record_that_is_published_after_its_withdrawal_arrived_is_revoked(office: Office) -> None:
    assert await office.hears(withdrawn(2)) == []
    (event,) = await office.hears(published(1))
    assert isinstance(event, CredentialRevoked)


async def test_a_record_learns_its_resident_when_the_person_registers(office: Office) -> None:
    (event,) = await office.hears(published(1))
    assert isinstance(event, CredentialStored)
    assert event.holder.resident_id is None
    await office.hears(registered())
    assert await office.deps.credentials.index_of(RESIDENT) == INDEX
    assert RECORD in {it.id for it in await office.deps.credentials.of_holder(INDEX)}
    (event,) = await office.hears(published(2, complete=False))
    assert isinstance(event, CredentialStored)
    assert event.holder.resident_id == RESIDENT


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"document_type": "library-card"}, "unknown-document-type", "/data/document_type"),
        ({"document_type": "bank-account"}, "document-type-not-kept", "/data/document_type"),
        ({"department": "civil"}, "wrong-department", "/data/department"),
    ],
)
async def test_a_department_is_told_what_is_wrong_with_its_record(
    office: Office, changes: dict[str, Any], reason: str, path: str
) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(published(1, **changes))
    assert (caught.value.reason, caught.value.path) == (reason, path)
    assert office.documents.all == {}


@pytest.mark.parametrize(
    ("held", "late", "reason", "rule"),
    [
        ([published(1), published(3)], published(2, complete=False), "older-than-held", "greater than 3"),
        ([published(3)], withdrawn(2), "older-than-held", "greater than 3"),
        ([withdrawn(5)], withdrawn(4), "older-than-held", "greater than 5"),
        ([published(3), withdrawn(5)], withdrawn(4), "older-than-held", "greater than 5"),
        ([published(2)], published(2, complete=False), "sequence-reused", "greater than 2"),
        ([published(2)], withdrawn(2), "sequence-reused", "greater than 2"),
        ([withdrawn(2)], published(2), "sequence-reused", "greater than 2"),
    ],
)
async def test_what_is_older_or_under_a_used_sequence_is_refused_naming_the_one_that_is_held(
    office: Office, held: Sequence[Told], late: Told, reason: str, rule: str
) -> None:
    await office.hears(*held)
    before = dict(office.documents.all)
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(late)
    assert (caught.value.reason, caught.value.path) == (reason, "/data/sequence")
    assert caught.value.rule.startswith(rule)
    assert office.documents.all == before


async def test_the_same_under_the_same_sequence_is_no_fault_not_even_on_another_day(office: Office) -> None:
    kind, _, data = published(1)
    assert len(await office.hears(published(1))) == 1
    assert await office.hears((kind, 3 * 24 * 60, data)) == []
    assert len(await office.hears(withdrawn(2))) == 1
    assert await office.hears(withdrawn(2)) == []


async def test_who_asks_for_a_receipt_learns_whether_anything_was_new(office: Office) -> None:
    _, stored = await office.hears(published(1), receipt=True)
    (unchanged,) = await office.hears(published(1), receipt=True)
    assert isinstance(stored, RecordAccepted)
    assert isinstance(unchanged, RecordAccepted)
    assert (stored.addressee, stored.record_id, stored.sequence, stored.result) == ("health", "vac-1", 1, "stored")
    assert unchanged.result == "unchanged"
    assert stored.routing_key == "credential-store.record-accepted.v1.health"


async def test_an_older_record_that_an_operator_has_delivered_again_is_ignored(office: Office) -> None:
    await office.hears(published(1), published(2, complete=False))
    assert await office.hears(published(1), redelivered=True) == []


def test_a_thousandth_version_begins_a_new_series() -> None:
    numbering = TYPES.numbering("vaccination-record")
    *_, serial, version, _ = identifier(numbering, RECORD, 1000).split(".")
    assert (serial[-2:], version) == ("G1", "001")
    assert credential_of(serial) == RECORD


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


@settings(max_examples=500)
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


async def test_a_resident_gets_every_credential_that_is_held(office: Office) -> None:
    (event,) = await office.hears(registered())
    assert isinstance(event, CredentialStored)
    public, private = exports.new_key()
    for index, ids in ((event.holder.index, [event.credential_id]), ("3a" * 32, [])):
        holder = Holder(resident_id="res_1", index=index)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (told,) = (await exporting.export(received(asked), office.deps)).events
        assert isinstance(told, DataExported)
        held = exports.opened(told.sealed, private).get("credentials", [])
        assert [each["id"] for each in held] == ids


async def test_a_corrected_value_is_the_next_version_and_the_earlier_one_no_longer_counts(office: Office) -> None:
    (first,) = await office.hears(approved())
    assert isinstance(first, CredentialStored)

    (second,) = await office.hears(corrected(20, first.credential_id))
    again = await office.hears(corrected(20, first.credential_id))

    assert isinstance(second, CredentialStored)
    assert again == []
    assert (second.fields["child_name"], second.fields["certificate_number"]) == ("李小桦", "T440300001")
    assert (second.predecessor, second.sequence) == (first.identifier, 2)
    old, new = office.holds(first.credential_id).issues
    assert old.ended is not None
    assert new.place is not None
    assert office.holds(first.credential_id).history[-1].by == "health-7"


async def test_a_correction_that_is_older_than_what_was_approved_since_changes_nothing(office: Office) -> None:
    (first,) = await office.hears(approved(30))
    assert isinstance(first, CredentialStored)

    assert await office.hears(corrected(20, first.credential_id)) == []


async def test_a_corrected_end_of_the_document_is_the_end_of_its_validity(office: Office) -> None:
    (first,) = await office.hears(granted())
    assert isinstance(first, CredentialStored)

    (second,) = await office.hears(corrected(40, first.credential_id, "2028-08-31", field="term_to"))

    assert isinstance(second, CredentialStored)
    assert (second.fields["term_to"], second.valid_until) == ("2028-08-31", date(2028, 8, 31))


async def test_what_others_vouch_for_what_stays_and_what_has_ended_is_not_corrected_here(office: Office) -> None:
    await office.hears(registered(), published(1))
    card = corrected(50, ID_CARD, field="name")
    assert await office.hears(card, corrected(51, RECORD), corrected(52, None), corrected(53, RECORD, None)) == []


@pytest.mark.parametrize(
    "changes",
    [{"holder": {"resident_id": "res_02", "index": "7c" * 32}}, {"value": 7}, {"value": ["李小桦"]}],
)
async def test_an_answer_about_somebody_else_or_of_another_kind_is_broken(
    office: Office, changes: dict[str, object]
) -> None:
    (first,) = await office.hears(approved())
    assert isinstance(first, CredentialStored)

    with pytest.raises(BrokenMessageError):
        await office.hears(corrected(20, first.credential_id, **changes))


async def test_an_answer_about_a_credential_that_is_not_known_yet_waits(office: Office) -> None:
    with pytest.raises(NotYet):
        await office.hears(corrected(20, "crd_unknown"))
