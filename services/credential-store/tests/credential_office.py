"""The credential store over memory, and the events that it hears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from joserfc.jwk import ECKey

import credential_store
from bus.envelope import BrokenMessageError
from bus.event import Event, Outcome, Received
from credential_store.config import Settings
from credential_store.domain.credential import Credential, CredentialPlace
from credential_store.domain.grants import Grants, Role
from credential_store.domain.held_credentials import HeldCredentials
from credential_store.domain.identifiers import CredentialIds, credential_id
from credential_store.domain.proof import DocumentProof
from credential_store.domain.signed import TYP, Issuer, SignedVersion
from credential_store.domain.submission import KnownSubmission
from credential_store.domain.verdict import Trusted
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.expiry import expire
from credential_store.store import (
    CredentialDocuments,
    HandOverDocuments,
    HandOverFiles,
    HeldCredentialDocuments,
    PlaceDocuments,
    SignedDocuments,
)
from credential_store.store.district_files import read_types
from credential_store.subscriptions import SUBSCRIPTIONS
from privacy.guardianships import Guardianship, Guardianships
from privacy.own_requests import OwnRequests
from runtime.data_files import load
from runtime.json_signatures import SigningKeys
from store.blind_index import BlindIndex
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.people import signed_requests
from testkit.persons import opener_of
from web.reviewers import Reviewers

DATA = Path(credential_store.__file__).parent / "data"
TYPES = read_types(Settings().authorities)
REVIEWERS = Reviewers.read(Settings().reviewers)
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
    document = {"requirement": key, "attempt": 1, "document_type": needed.any_of[0], "holder": PEOPLE[needed.of]}
    data: dict[str, Any] = {"application_id": said["application_id"], "item": said["item"]}
    data |= {name: changes.pop(name) for name in (*data,) if name in changes}
    return "matcher.match-succeeded.v2", approval[1] - 1, data | {"documents": [document | changes]}


def proofs_of(approval: Told) -> list[Told]:
    """Return all that others say of what is granted."""
    said: dict[str, Any] = approval[2]
    rule = GRANTS.items[said["item"]]
    decided = {"field-check": "field-check-passed", "officer": "decision-made"}.get(rule.decided_by)
    at = (NOW + timedelta(minutes=approval[1] - 1)).isoformat()
    answer: dict[str, object] = {"application_id": said["application_id"], "approved": True, "officer": "edu-1"}
    answer |= {"community": "440309002001", "checked_at": at, "decided_at": at}
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
        "correction_id": f"cor_{minute}",
        "holder": HOLDER,
        "document_type": "birth-certificate",
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


class FakePlaces(PlaceDocuments):
    """Gives out places one after the other."""

    def __init__(self) -> None:
        self.given = 0

    async def next(self) -> CredentialPlace:
        self.given += 1
        return CredentialPlace(list=1, index=self.given)

    async def has(self, number: int) -> bool:
        return number == 1


def received(
    told: Told, *, receipt: bool = False, redelivered: bool = False
) -> tuple[Callable[[Received[Any], Deps], Awaitable[Outcome[None]]], Received[Any]]:
    type_, minute, data = told
    subscription = HANDLERS.get(type_) or HANDLERS["*." + type_.partition(".")[2]]
    view = subscription.view.model_validate(data)
    at = NOW + timedelta(minutes=minute, microseconds=123_456)
    source = f"/yizheng/{type_.partition('.')[0]}"
    event = Received("e", type_, source, "c", at, view, wants_receipt=receipt, is_redelivered=redelivered)
    return subscription.handler, event


def in_the_open(content: bytes) -> str:
    """Return the hash without a key, with which ids are what earlier releases made them."""
    return sha256(content).hexdigest()


class Office:
    """The credential store over memory: hears events, and remembers what it published."""

    def __init__(
        self,
        documents: FakeDocuments[Credential] | None = None,
        *,
        are_submitted: bool = True,
        since: Mapping[str, date] | None = None,
    ) -> None:
        self.are_submitted = are_submitted
        self.clock = FakeClock(NOW + timedelta(hours=1))
        self.documents = documents or FakeDocuments(Credential)
        self.holdings = FakeDocuments(HeldCredentials)
        self.submissions = FakeDocuments(KnownSubmission)
        self.proofs = FakeDocuments(DocumentProof)
        self.published: list[Event] = []
        self.signed = FakeDocuments(SignedVersion)
        credentials = CredentialDocuments(self.documents)
        self.deps = Deps(
            credentials=credentials,
            holdings=HeldCredentialDocuments(self.holdings, credentials, in_the_open),
            signed=SignedDocuments(self.signed),
            places=FakePlaces(),
            issuer=ISSUER,
            trusted=Trusted(ISSUER.keys.public, ISSUER.keys.public, {ISSUER.url}),
            decoy=ISSUER.keys.sign({}, TYP),
            listed={},
            guardianships=Guardianships(FakeDocuments(Guardianship)),
            submissions=self.submissions,
            proofs=self.proofs,
            hand_overs=cast("HandOverDocuments", None),  # events hand over no files
            files=cast("HandOverFiles", None),
            types=TYPES,
            grants=GRANTS,
            reviewers=REVIEWERS,
            signed_requests=signed_requests(since or {}, self.clock),
            opener=opener_of(BlindIndex(b"k" * 32)),
            ids=CredentialIds(in_the_open),
            clock=self.clock,
            eraser=NothingHeld(),
            own_requests=OwnRequests(signed_requests({}, self.clock)),
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
            self.published += outcome.published
        return self.published[before:]

    def submitted(self, told: Told) -> None:
        """Have what is approved been submitted before, as it is when nobody forges."""
        data: dict[str, Any] = told[2]
        for said in (data, data.get("approval") or {}):
            if "approvals" not in said or not self.are_submitted:
                continue
            named = KnownSubmission.named(said["application_id"], said["requirement"], said["attempt"])
            if named not in self.submissions.all:
                kept = KnownSubmission.of(named, said["holder"]["index"], [said["document_type"]], NOW)
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
        return [event for outcome in outcomes for event in outcome.published]

    def holds(self, id: str) -> Credential:
        return self.documents.all[id]
