"""The credential store over memory, and the events that it hears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from joserfc.jwk import ECKey

import credential_store
from credential_store.consumers import SUBSCRIPTIONS
from credential_store.domain.credential import Credential, Place
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.grants import Grants, Role
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.holding import Holding
from credential_store.domain.identifiers import credential_id
from credential_store.domain.proof import Proof
from credential_store.domain.signed import TYP, Issuer, SignedVersion
from credential_store.domain.submission import Submission
from credential_store.domain.verdict import Trusted
from credential_store.handlers.expiry import expire
from credential_store.handlers.needs import Deps, Files, HandOvers
from credential_store.store import CredentialDocuments, HoldingDocuments, SignedDocuments
from messaging.envelope import BrokenMessageError
from messaging.event import Event, Outcome, Received
from runtime.blind_index import BlindIndex
from runtime.data_files import load
from runtime.signing import SigningKeys
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.persons import opener_of

DATA = Path(credential_store.__file__).parent / "data"
TYPES = load(DATA / "document_types.yaml", DocumentTypes)
GRANTS = load(DATA / "grants.yaml", Grants)
ITEM_OF = {grant.document_type: item for item, grant in GRANTS.items.items()}
INDEX = "9f" * 32
RESIDENT = "res_01"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HANDLERS = {subscription.pattern: subscription for subscription in SUBSCRIPTIONS}
Told = tuple[str, int, dict[str, object]]
"""An event type, the minute at which it was published, and its data."""
HOLDER = {"resident_id": RESIDENT, "index": INDEX}
CHILD = {"resident_id": "res_02", "index": "4c" * 32}
PEOPLE: dict[Role, dict[str, str]] = {
    "applicant": HOLDER,
    "subject": CHILD,
    "second-party": {"resident_id": "res_03", "index": "5d" * 32},
}


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
        "requirement": document_type,
        "attempt": minute,
        "document_type": document_type,
        "holder": HOLDER,
        "fields": {"child_name": "李小华", "certificate_number": "T440300001"},
        "stated_until": None,
        "approvals": [{"reviewer": "health-7", "approved_at": at.isoformat(), "note": None}],
    }
    return "review-dispatch.review-approved.v2", minute, data | changes


def granted(minute: int = 20, document_type: str = "rental-contract-record", **changes: object) -> Told:
    grant: dict[str, object] = {
        "document_type": document_type,
        "holder": HOLDER,
        "fields": {"record_number": "LH-2026-1", "tenant_name": "李育成", "term_to": "2027-08-31"},
        "valid_from": "2026-09-01",
        "valid_until": "2027-08-31",
    }
    grant |= changes
    data: dict[str, object] = {
        "application_id": f"app_{minute}",
        "item": ITEM_OF[document_type],
        "applicant": grant["holder"],
        "subject": grant["holder"],
        "decided_by": "automatic",
        "decided_at": (NOW + timedelta(minutes=minute)).isoformat(),
        "grant": grant,
    }
    return "applications.application-approved.v1", minute, data


def proven(approval: Told, key: str, **changes: object) -> Told:
    """Return the matcher's word that a requirement of what is granted is proven."""
    said: dict[str, Any] = approval[2]
    needed = GRANTS.items[said["item"]].proven[key]
    data = {
        "application_id": said["application_id"],
        "item": said["item"],
        "requirement": key,
        "attempt": 1,
        "document_type": needed.any_of[0],
        "holder": PEOPLE[needed.of],
    }
    return "matcher.match-succeeded.v1", approval[1] - 1, data | changes


def proofs_of(approval: Told) -> list[Told]:
    """Return all that others say of what is granted."""
    said: dict[str, Any] = approval[2]
    rule = GRANTS.items[said["item"]]
    decided = {"field-check": "field-check-passed", "officer": "decision-made"}.get(rule.decided_by)
    answer = {"application_id": said["application_id"], "approved": True}
    found: list[Told] = [(f"review-dispatch.{decided}.v1", approval[1] - 1, answer)] if decided else []
    return [*found, *(proven(approval, key) for key in rule.proven)]


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


def withdrawn(sequence: int, **changes: object) -> Told:
    data = {
        "department": "health",
        "record_id": "vac-1",
        "document_type": "vaccination-record",
        "holder_index": INDEX,
        "reason": "entered for the wrong child",
        "sequence": sequence,
    }
    return "health.department-record-withdrawn.v1", 30 + sequence, data | changes


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


def received(
    told: Told, *, receipt: bool = False, redelivered: bool = False
) -> tuple[Callable[[Received[Any], Deps], Awaitable[Outcome[None]]], Received[Any]]:
    """Return the handler of an event, and the event as it is given to it."""
    type_, minute, data = told
    subscription = HANDLERS.get(type_) or HANDLERS["*." + type_.partition(".")[2]]
    view = subscription.view.model_validate(data)
    at = NOW + timedelta(minutes=minute, microseconds=123_456)
    source = f"/yizheng/{type_.partition('.')[0]}"
    event = Received("e", type_, source, "c", at, view, wants_receipt=receipt, is_redelivered=redelivered)
    return subscription.handler, event


class Office:
    """The credential store over memory: hears events, and remembers what it published."""

    def __init__(self, documents: FakeDocuments[Credential] | None = None, *, are_submitted: bool = True) -> None:
        self.are_submitted = are_submitted
        self.clock = FakeClock(NOW + timedelta(hours=1))
        self.documents = documents or FakeDocuments(Credential)
        self.holdings = FakeDocuments(Holding)
        self.submissions = FakeDocuments(Submission)
        self.proofs = FakeDocuments(Proof)
        self.published: list[Event] = []
        self.signed = FakeDocuments(SignedVersion)
        credentials = CredentialDocuments(self.documents)
        self.deps = Deps(
            credentials=credentials,
            holdings=HoldingDocuments(self.holdings, credentials),
            signed=SignedDocuments(self.signed),
            places=FakePlaces(),
            issuer=ISSUER,
            trusted=Trusted(ISSUER.keys.public, ISSUER.keys.public, {ISSUER.url}),
            decoy=ISSUER.keys.sign({}, TYP),
            listed={},
            guardianships=FakeDocuments(Guardianship),
            submissions=self.submissions,
            proofs=self.proofs,
            hand_overs=cast("HandOvers", None),  # events hand over no files
            files=cast("Files", None),
            types=TYPES,
            grants=GRANTS,
            opener=opener_of(BlindIndex(b"k" * 32)),
            clock=self.clock,
            eraser=NothingHeld(),
        )

    async def hears(self, *told: Told, receipt: bool = False, redelivered: bool = False) -> list[Event]:
        """Handle events one after the other; return what was published about them."""
        before = len(self.published)
        for each in told:
            self.submitted(each)
            await self.proven(each)
            handler, event = received(each, receipt=receipt, redelivered=redelivered)
            outcome = await handler(event, self.deps)
            apply(outcome)
            self.published += outcome.events
        return self.published[before:]

    def submitted(self, told: Told) -> None:
        """Have what is approved been submitted before, as it is when nobody forges."""
        data: dict[str, Any] = told[2]
        for said in (data, data.get("approval") or {}):
            if "approvals" not in said or not self.are_submitted:
                continue
            named = Submission.named(said["application_id"], said["requirement"], said["attempt"])
            if named not in self.submissions.all:
                kept = Submission.of(named, said["holder"]["index"], [said["document_type"]], NOW)
                apply(Outcome(changes=[self.submissions.save(kept)]))

    async def proven(self, told: Told) -> None:
        """Have what is granted been proven before, as it is when nobody forges."""
        data: dict[str, Any] = told[2]
        if not self.are_submitted or data.get("grant") is None:
            return
        for each in proofs_of(told):
            handler, event = received(each)
            apply(await handler(event, self.deps))

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
