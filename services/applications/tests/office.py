"""The service without HTTP, bus and store: handlers run against fakes, and what they publish is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from joserfc.jwk import ECKey

import applications
from applications import views
from applications.config import Settings
from applications.domain.agreement import AgreementSigner
from applications.domain.application import Application, ApplicationScan
from applications.domain.catalogue import Catalogue
from applications.domain.people import Guardianship, KnownResident, ResidentHoldings
from applications.domain.record import Value
from applications.domain.scans import HandedIn
from applications.domain.statistics import Criterion
from applications.events import DocumentSubmitted, SubmittedDocument
from applications.handlers import answers, confirmations, lifecycle, people
from applications.handlers.confirmations import ConfirmationAnswer
from applications.handlers.dependencies import Deps
from applications.handlers.lifecycle import NewApplication
from applications.handlers.parties import NamedParty
from applications.handlers.uploads import TURNS
from applications.store.catalogue_files import read_catalogue
from bus.event import Event, NotYet, Outcome, Received, View
from privacy.own_requests import OwnRequests
from runtime.json_signatures import SigningKeys
from runtime.sign_in import SignIn
from services.applications.tests import fakes
from standards.working_days import Calendar
from store.blind_index import BlindIndex
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.people import signed_requests
from testkit.scans import FakeFiles, FakeSanitiser
from web.auth import Principal, Role
from web.presences import KnownPresence
from web.reviewers import Reviewers
from web.server_sent_events import Watch
from web.turns import Turns

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT", bound=Event)
ViewT = TypeVar("ViewT", bound=View)
AnswerT = TypeVar("AnswerT", views.MatchSucceeded, views.MatchFailed)

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DATA = Path(applications.__file__).parent / "data"
CATALOGUE = read_catalogue(DATA)
REVIEWERS = Reviewers.read(Settings().reviewers)
NUMBERS = BlindIndex(b"k" * 32)
NUMBER_OF = {"landlord": "440309194906150026", "newcomer": "440309199001010013", "child": "440309202002290031"}

HOME = "深圳市龙华区民治街道民乐社区梅龙路12号3栋501"
TENANCY: Mapping[str, Value] = {"address": HOME, "term_from": "2026-12-01", "term_to": "2028-11-30"}
ENROLMENT: Mapping[str, Value] = {"address": HOME, "parents": ["李育成", "王芳"]}

SIGNER = AgreementSigner("https://yizheng.example", SigningKeys.of(ECKey.generate_key("P-256")))

_Handler = Callable[[Received[ViewT], Deps], Awaitable[Outcome[None]]]


def resident(
    id: str, *, born: date = date(1990, 1, 1), address: str = "湖南省邵阳市邵东县1号", name: str = "李育成"
) -> KnownResident:
    return KnownResident(
        id=id,
        index=NUMBERS.of(NUMBER_OF.get(id, id)),
        name=name,
        sex="male",
        birth_date=born,
        address=address,
        community="440309002002",
        details_sequence=1,
    )


def resident_token(id: str) -> Principal:
    return Principal(id, Role.RESIDENT, sign_in=SignIn(iss="https://issuer.example", sub=id, jti=f"token-of-{id}"))


@dataclass
class Office:
    """Everything in memory. `said` is every event published so far."""

    catalogue: Catalogue = CATALOGUE
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    said: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.residents = fakes.FakeResidents()
        self.guardianships = FakeDocuments(Guardianship)
        self.holdings = FakeDocuments(ResidentHoldings)
        self.applications = fakes.FakeApplications()
        self.agreements = fakes.FakeAgreements()
        self.handed_in = FakeDocuments(HandedIn)
        self.hands = fakes.FakeHands()
        self.decisions = fakes.FakeDecisions()
        self.credentials = fakes.FakeCredentials()
        self.published_items = fakes.FakePublishedItems()
        self.files = FakeFiles(NOON)
        self.deps = Deps(
            catalogue=self.catalogue,
            criterion=Criterion(minimum_proofs=3, city_mirror_share=0.99),
            review_switches=fakes.FakeReviewSwitches(),
            calendar=Calendar.load(),
            residents=self.residents,
            guardianships=self.guardianships,
            presences=FakeDocuments(KnownPresence),
            holdings=self.holdings,
            applications=self.applications,
            agreements=self.agreements,
            signer=SIGNER,
            handed_in=self.handed_in,
            hands=self.hands,
            progress=Watch(fakes.nothing_moves),
            decisions=self.decisions,
            credentials=self.credentials,
            published_items=self.published_items,
            files=self.files,
            uploads=fakes.FakeUploads(),
            pieces=FakeFiles(NOON),
            whole_uploads=Turns(TURNS),
            sanitiser=FakeSanitiser(),
            numbers=NUMBERS,
            reviewers=REVIEWERS,
            signed_requests=signed_requests({}, self.clock),
            clock=self.clock,
            eraser=NothingHeld(),
            own_requests=OwnRequests(signed_requests({}, self.clock)),
        )

    def knows(self, *known: KnownResident) -> None:
        for each in known:
            apply(Outcome(changes=[self.residents.save(each)]))

    async def knows_family(self) -> None:
        """Have the newcomer, his child under his guardianship, and his landlord registered."""
        self.knows(
            resident("newcomer"),
            resident("child", born=date(2020, 5, 1), name="李小雨"),
            resident("landlord", born=date(1949, 6, 15), name="陈桂英", address="广东省深圳市龙华区观澜街道2号"),
            resident("senior", born=date(1950, 1, 1), name="张伟", address="广东省深圳市龙华区民治街道3号"),
        )
        said = views.GuardianshipChanged(guardianship_id="g1", guardian_id="newcomer", child_id="child", sequence=1)
        await self.hears(people.begin_guardianship, said)

    def commits(self, outcome: Outcome[ResultT]) -> ResultT:
        apply(outcome)
        self.said.extend(outcome.published)
        return cast("ResultT", outcome.result)

    async def hears(self, handler: _Handler[ViewT], data: ViewT, *, at: datetime = NOON) -> bool:
        """Have a message handled; tell whether it was, or has to wait."""
        try:
            outcome = await handler(Received("e", "t", "/yizheng/test", "case", at, data), self.deps)
        except NotYet:
            return False
        self.commits(outcome)
        return True

    def events(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.said if isinstance(event, kind)]

    def sent(self) -> list[SubmittedDocument]:
        return [document for event in self.events(DocumentSubmitted) for document in event.documents]

    def now(self, id: str) -> Application:
        return self.applications.all[id]

    async def drafts(
        self, item: str, by: str, named: NamedParty | None = None, form: Mapping[str, Value] | None = None
    ) -> str:
        """Begin an application; return its id."""
        new = NewApplication(item, named or NamedParty(), form or {})
        return self.commits(await lifecycle.draft(new, resident_token(by), self.deps)).id

    async def submits(self, id: str) -> Application:
        by = resident_token(self.now(id).applicant_id)
        return self.commits(await lifecycle.submit(id, by, self.deps, if_match=None))

    async def applies(
        self, item: str, by: str, named: NamedParty | None = None, form: Mapping[str, Value] | None = None
    ) -> str:
        """Begin and submit an application; return its id."""
        id = await self.drafts(item, by, named, form)
        await self.submits(id)
        return id

    async def files_tenancy(self, tenant: str = "newcomer", landlord: str = "landlord") -> str:
        """Have a tenant, the newcomer, file the tenancy with the landlord."""
        named = NamedParty(second_party_number=NUMBER_OF[landlord])
        return await self.applies("rental-contract-filing", tenant, named, TENANCY)

    def hands_in(self, id: str, requirement: str) -> None:
        before, asked = self.now(id), self.now(id).asked_for(requirement)
        assert asked is not None
        scan = ApplicationScan(
            id=f"scn_{requirement}_{before.attempt}",
            requirement=requirement,
            document_type=asked.document_types[0],
            media_type="image/png",
            size=9,
            sha256="ab" * 32,
            uploaded_at=NOON,
            attempt=before.attempt + 1,
        )
        after = before.model_copy(update={"scans": (*before.scans, scan)})
        apply(Outcome(changes=[self.applications.save(after)]))

    async def enrols(self) -> str:
        """Have the newcomer apply for his child's school place."""
        return await self.applies("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)

    async def confirms(self, id: str, *, agrees: bool = True, by: str = "landlord", seen: str = "") -> Application:
        """Have the second party answer, to the terms as they are unless it is said which were `seen`."""
        kept = self.agreements.all.get(id)
        given = ConfirmationAnswer(agrees, seen or (kept.current.terms.digest if kept else "0" * 64))
        answer = confirmations.answer(id, given, resident_token(by), self.deps, if_match=None)
        return self.commits(await answer).application

    async def matches(self, id: str, *requirements: str, source: str = "city-mirror") -> None:
        """Have the matcher prove requirements, by default all."""
        for key in requirements or [asked.key for asked in self.now(id).asked]:
            await self.hears(answers.note_match, matched(self.now(id), key, source=source))

    def later(self, by: timedelta) -> None:
        self.clock.advance(by)


def matched(application: Application, key: str, *, source: str = "city-mirror") -> views.MatchSucceeded:
    asked = application.asked_for(key)
    assert asked is not None
    document = views.MatchedRequirement(
        requirement=key, attempt=asked.attempt, document_type=asked.document_types[0], source=source
    )
    return views.MatchSucceeded(application_id=application.id, documents=[document])


def mismatched(
    application: Application,
    key: str,
    *compared: views.Compared,
    reviewable: bool = True,
    fields: Mapping[str, str] | None = None,
) -> views.MatchFailed:
    asked = application.asked_for(key)
    assert asked is not None
    results = (fields or {"name": "missing"}).items()
    document = views.UnmatchedRequirement(
        requirement=key,
        attempt=asked.attempt,
        document_type=asked.document_types[0],
        fields=list(compared) or [views.Compared(field=name, result=result) for name, result in results],
        reviewable=reviewable,
    )
    return views.MatchFailed(application_id=application.id, documents=[document])


def together(said: Sequence[AnswerT]) -> list[AnswerT]:
    """Have what is said of several documents be one event; nothing where nothing is said."""
    documents = [document for each in said for document in each.documents]
    return [said[0].model_copy(update={"documents": documents})] if said else []


def task_of(application: Application, key: str, *, department: str = "health") -> views.ReviewRequested:
    asked = application.asked_for(key)
    assert asked is not None
    return views.ReviewRequested(
        task_id=f"task-{key}-{asked.attempt}",
        application_id=application.id,
        requirement=key,
        attempt=asked.attempt,
        document_type=asked.document_types[0],
        department=department,
        due_on=date(2026, 11, 26),
    )


def passed(id: str, note: str | None = None) -> views.FieldCheckPassed:
    """Return what a grid officer says who found the person at the door."""
    return views.FieldCheckPassed(application_id=id, community="440309002002", officer="grid-1", note=note)


def decided(id: str, *, approved: bool, reason: str | None = None) -> views.DecisionMade:
    """Return what an officer of the department decided."""
    return views.DecisionMade(application_id=id, department="edu", officer="edu-1", approved=approved, reason=reason)


def review(application: Application, key: str, verdict: str, *, department: str = "health") -> dict[str, object]:
    """Return the fields of a review event of any kind; extra ones are ignored by the views."""
    asked = application.asked_for(key)
    assert asked is not None
    return {
        "application_id": application.id,
        "requirement": key,
        "attempt": asked.attempt,
        "document_type": asked.document_types[0],
        "department": department,
        "reviewer": f"{department}-7",
        "reason": "印章不清",
        "field": "child_name",
        "message": "请上传清晰的扫描件",
        "verdict": verdict,
    }
