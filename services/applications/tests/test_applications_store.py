"""The stores behave as their fakes do: the same tests against both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from applications.domain.application import (
    Application,
    AskedRequirement,
    CaseQuestion,
    ComparedField,
    Happening,
    MatchResult,
    Review,
    State,
)
from applications.domain.catalogue import PublicNotices
from applications.domain.decided import Decided, DecidedProof
from applications.domain.issued import Issued
from applications.handlers import confirmations, signed_agreements
from applications.handlers.confirmations import ConfirmationAnswer
from applications.store import documents
from applications.store.decisions import DecisionStore
from applications.store.files import ScanFiles
from bus.event import Change, ConflictError, Outcome
from scans.files import OwnedFiles, StoredFile
from services.applications.tests import fakes
from services.applications.tests.office import NOON, TENANCY, Office, resident, resident_token
from store.commit import Committer
from store.repository import Database, Write
from testkit.fakes import apply
from testkit.fixtures import make_collections
from testkit.leaks import readable_in, told_in
from testkit.scans import FakeFiles


@dataclass(frozen=True)
class Stores:
    """The stores of one kind, and the commit that keeps what they prepared."""

    residents: documents.ResidentStore
    applications: documents.ApplicationStore
    agreements: documents.AgreementStore
    decisions: DecisionStore
    credentials: documents.CredentialStore
    files: OwnedFiles
    commit: Callable[[Sequence[Change]], Awaitable[None]]

    async def keep(self, *changes: Change) -> None:
        await self.commit(changes)


@pytest.fixture
async def in_memory() -> Stores:
    async def commit(changes: Sequence[Change]) -> None:
        outcome: Outcome[Any] = Outcome(changes)
        apply(outcome)

    return Stores(
        fakes.FakeResidents(),
        fakes.FakeApplications(),
        fakes.FakeAgreements(),
        fakes.FakeDecisions(),
        fakes.FakeCredentials(),
        FakeFiles(datetime.now(UTC)),
        commit,
    )


@pytest.fixture
async def in_the_store(database: Database) -> AsyncIterator[Stores]:
    committer = Committer(database)
    await committer.prepare()
    await make_collections(database, documents.INDEXES)
    committer.start()

    async def commit(changes: Sequence[Change]) -> None:
        await committer.commit([change for change in changes if isinstance(change, Write)])

    yield Stores(
        documents.ResidentStore(database),
        documents.ApplicationStore(database),
        documents.AgreementStore(database),
        DecisionStore(database),
        documents.CredentialStore(database),
        ScanFiles(database),
        commit,
    )
    await committer.stop()


@pytest.fixture(params=["in_memory", "in_the_store"])
def stores(request: pytest.FixtureRequest) -> Stores:
    kept: Stores = request.getfixturevalue(request.param)
    return kept


def application(id: str, *, by: str = "newcomer", state: State = "draft", **more: Any) -> Application:  # noqa: ANN401 - any fields
    party = resident(by).party
    return Application(
        id=id,
        reference=id,
        item=more.pop("item", "senior-card"),
        state=state,
        applicant_id=by,
        applicant=party,
        subject=party,
        created_at=NOON,
        **more,
    )


def decided(id: str, *, minutes: int, item: str = "senior-card", **more: Any) -> Decided:  # noqa: ANN401 - any fields
    values: dict[str, Any] = {
        "outcome": "approved",
        "decided_by": "automatic",
        "automatic": True,
        "seconds": float(minutes),
        "proofs": (DecidedProof(document_type="id-card", source="city-mirror", handed_in=False),),
        "masked_name": "李*成",
        "masked_number": "2*1",
        "decided_at": NOON + timedelta(minutes=minutes),
    }
    return Decided(id=id, item=item, **{**values, **more})


async def test_an_application_comes_back_as_it_was_kept(stores: Stores) -> None:
    office = Office()
    await office.knows_family()
    id = await office.enrols()
    await office.matches(id, "housing")
    kept = office.now(id).model_copy(update={"version": 0})
    await stores.keep(stores.applications.save(kept))
    assert await stores.applications.get(id) == kept.model_copy(update={"version": 1})
    assert await stores.applications.get("app_none") is None


async def test_who_was_slower_learns_it(stores: Stores) -> None:
    await stores.keep(stores.applications.save(application("app_1")))
    first = await stores.applications.get("app_1")
    assert first is not None
    await stores.keep(stores.applications.save(first))
    with pytest.raises(ConflictError):
        await stores.keep(stores.applications.save(first))
    with pytest.raises(ConflictError):
        await stores.keep(stores.applications.save(application("app_1")))


async def test_what_needs_an_open_application_is_refused_once_that_has_ended_or_is_gone(stores: Stores) -> None:
    states: list[State] = ["draft", "in-progress", "returned", "approved", "rejected", "withdrawn"]
    await stores.keep(*(stores.applications.save(application(f"app_{state}", state=state)) for state in states))
    refused = []
    for state in [*states, "none"]:
        try:
            await stores.keep(stores.applications.if_open(f"app_{state}"))
        except ConflictError:
            refused.append(state)
    assert refused == ["approved", "rejected", "withdrawn", "none"]
    known = await stores.applications.get("app_returned")
    assert known == application("app_returned", state="returned").model_copy(update={"version": 1})


async def test_a_resident_is_found_by_blind_index(stores: Stores) -> None:
    await stores.keep(stores.residents.save(resident("newcomer")), stores.residents.save(resident("landlord")))
    assert await stores.residents.id_with_index(resident("landlord").index) == "landlord"
    assert await stores.residents.id_with_index("nobody") is None


async def test_one_s_own_come_newest_first_in_pages_and_filtered(stores: Stores) -> None:
    kept = [
        application("app_1"),
        application("app_2", state="approved"),
        application("app_3", by="senior"),
        application("app_4", item="residence-permit"),
    ]
    await stores.keep(*map(stores.applications.save, kept))

    async def own(before: str | None = None, state: State | None = None, item: str | None = None) -> list[str]:
        found = await stores.applications.of_applicant("newcomer", before=before, limit=2, state=state, item=item)
        return [each.id for each in found]

    assert await own() == ["app_4", "app_2"]
    assert await own(before="app_2") == ["app_1"]
    assert await own(state="approved") == ["app_2"]
    assert await own(item="residence-permit") == ["app_4"]


async def test_what_waits_for_a_confirmation(stores: Stores) -> None:
    index = resident("landlord").index
    waiting: dict[str, Any] = {"second_party_index": index, "submitted_at": NOON}
    kept = [
        application("app_1", **waiting),
        application("app_2", state="in-progress", **waiting),
        application("app_3", state="in-progress", confirmed_at=NOON, **waiting),
        application("app_4", state="in-progress"),
        application("app_5", state="in-progress", **waiting),
    ]
    await stores.keep(*map(stores.applications.save, kept))
    found = await stores.applications.to_confirm(index, before=None, limit=10)
    assert [each.id for each in found] == ["app_5", "app_2"]
    assert [each.id for each in await stores.applications.to_confirm(index, before="app_5", limit=10)] == ["app_2"]
    overdue = await stores.applications.unconfirmed_since(NOON + timedelta(seconds=1), limit=10)
    assert {each.id for each in overdue} == {"app_2", "app_5"}
    assert await stores.applications.unconfirmed_since(NOON, limit=10) == []


async def test_what_somebody_signed_is_found_for_them_also_as_a_guardian_and_when_the_terms_have_changed(
    stores: Stores,
) -> None:
    office = Office()
    await office.knows_family()
    for tenant, landlord in (("senior", "landlord"), ("newcomer", "landlord"), ("senior", "child")):
        await office.files_tenancy(tenant, landlord)
    first, second, third = office.agreements.all
    await office.confirms(first)
    given = ConfirmationAnswer(terms_sha256=office.agreements.all[third].current.terms.digest, resident_id="child")
    office.commits(await confirmations.answer(third, given, resident_token("newcomer"), office.deps, if_match=None))
    changed = office.now(first).model_copy(update={"form": {**TENANCY, "term_to": "2029-11-30"}})
    office.commits(Outcome(await signed_agreements.offer(changed, resident_token("senior"), office.deps)))
    kept = [each.model_copy(update={"version": 0}) for each in office.agreements.all.values()]
    await stores.keep(*map(stores.agreements.save, kept))

    signed = {
        by: [each.id for each in await stores.agreements.signed_by(by)]
        for by in ("senior", "newcomer", "landlord", "child")
    }
    by_id = {"senior": [first, third], "newcomer": [second, third], "landlord": [first], "child": []}
    assert signed == {by: sorted(ids) for by, ids in by_id.items()}, "ids of one millisecond have no order of their own"
    assert await stores.agreements.get(third) == kept[2].model_copy(update={"version": 1})


async def test_notices_come_latest_first_and_none_twice(stores: Stores) -> None:
    kept = [
        decided("a", minutes=2),
        decided("b", minutes=2),
        decided("c", minutes=3),
        decided("d", minutes=1, item="x"),
    ]
    await stores.keep(*map(stores.decisions.save, kept))
    now = NOON + timedelta(days=400), ""
    everything = PublicNotices(("senior-card", "x"), ())
    first = await stores.decisions.latest(since=NOON - timedelta(days=30), before=now, limit=2, published=everything)
    last = first[-1]
    rest = await stores.decisions.latest(
        since=NOON - timedelta(days=30), before=(last.decided_at, last.id), limit=9, published=everything
    )
    assert [each.id for each in [*first, *rest]] == ["c", "b", "a", "d"]
    one = PublicNotices(("x",), ())
    assert [
        each.id
        for each in await stores.decisions.latest(since=NOON - timedelta(days=30), before=now, limit=9, published=one)
    ] == ["d"]


async def test_what_is_published_of_decisions_is_what_the_policies_say(stores: Stores) -> None:
    kept = [
        decided("open", minutes=1, outcome="rejected", score=5, rated_at=NOON),
        decided("approved", minutes=2, item="approvals", in_time=True),
        decided("rejected", minutes=3, item="approvals", outcome="rejected", in_time=True),
        decided("closed", minutes=4, item="nothing"),
        decided("closed-then", minutes=5, may_be_noticed=False),
        decided("later", minutes=90, in_time=False, score=2, rated_at=NOON + timedelta(days=1)),
    ]
    await stores.keep(*map(stores.decisions.save, kept))
    published = PublicNotices(("senior-card",), ("approvals",))
    found = await stores.decisions.latest(
        since=NOON - timedelta(days=30), before=(NOON + timedelta(hours=1), ""), limit=9, published=published
    )
    assert [each.id for each in found] == ["approved", "open"]
    assert (
        await stores.decisions.latest(
            since=NOON - timedelta(days=30),
            before=(NOON + timedelta(days=1), ""),
            limit=9,
            published=PublicNotices((), ()),
        )
        == []
    )
    until = NOON + timedelta(days=1)
    approvals, card = await stores.decisions.published_figures(published, since=NOON, until=until, rated_before=until)
    assert (approvals.decided, approvals.promised, approvals.in_time) == (1, 1, 1)
    assert (card.decided, card.promised, card.in_time, card.rated, card.satisfied) == (2, 1, 0, 1, 1)


async def test_figures_add_up_within_the_period(stores: Stores) -> None:
    person = DecidedProof(document_type="id-card", source="person", handed_in=True)
    kept = [
        decided("a", minutes=1, score=5),
        decided("b", minutes=2, score=3, outcome="rejected", decided_by="officer", automatic=False, proofs=(person,)),
        decided("c", minutes=3, item="residence-permit", proofs=(person, person)),
        decided("d", minutes=60),
    ]
    await stores.keep(*map(stores.decisions.save, kept))
    period: dict[str, Any] = {"since": NOON, "until": NOON + timedelta(hours=1)}
    permit, card = await stores.decisions.item_figures(item=None, **period)
    assert (permit.item, permit.decided, permit.rated) == ("residence-permit", 1, 0)
    assert (card.approved, card.rejected, card.automatic, card.by_officer) == (1, 1, 1, 1)
    assert (card.rated, card.score_total, card.satisfied, sorted(card.seconds)) == (2, 8, 1, [1.0, 2.0])
    mirror, by_person = await stores.decisions.proof_figures(item="senior-card", **period)
    assert (mirror.source, mirror.proofs, mirror.handed_in) == ("city-mirror", 1, 0)
    assert (by_person.source, by_person.proofs, by_person.handed_in) == ("person", 1, 1)
    assert sum(row.proofs for row in await stores.decisions.proof_figures(item=None, **period)) == 4


async def test_the_credential_of_an_application(stores: Stores) -> None:
    kept = Issued(id="crd_1", application_id="app_1", identifier="x", document_type="senior-card", status="valid")
    await stores.keep(stores.credentials.save(kept))
    assert await stores.credentials.of_application("app_1") == kept.model_copy(update={"version": 1})
    assert await stores.credentials.of_application("app_2") is None


async def test_a_content_is_stored_read_and_removed(stores: Stores) -> None:
    content = bytes(range(256)) * 3000
    await stores.files.put(StoredFile("s1", "app_1"), content, "image/png")
    pieces = await stores.files.read("s1")
    assert pieces is not None
    assert b"".join([piece async for piece in pieces]) == content
    await stores.files.remove("s1")
    await stores.files.remove("s1")
    assert await stores.files.read("s1") is None


async def test_a_content_is_doubtful_until_it_is_trusted(stores: Stores) -> None:
    file, soon = StoredFile("s1", "app_1"), datetime.now(UTC) + timedelta(hours=1)
    await stores.files.put(file, b"x", "image/png")
    assert await stores.files.doubtful(soon) == [file]
    assert await stores.files.doubtful(soon - timedelta(days=1)) == []
    await stores.files.trust("s1")
    assert await stores.files.doubtful(soon) == []
    await stores.files.doubt("s1")
    assert await stores.files.doubtful(soon) == [file]


async def test_the_store_shows_nothing_of_the_people_whom_applications_are_about(
    in_the_store: Stores, database: Database
) -> None:
    compared = ComparedField(field="姓名不同", result="x", reason=None)
    match = MatchResult(proven=False, document_type="id-card", fields=(compared,))
    review = Review(verdict="returned", department="psb", document_type="id-card", field="name", text="照片看不清楚")
    asked = AskedRequirement(
        key="id",
        document_types=("id-card",),
        holder="applicant",
        attempt=1,
        claims_digest="摘要",
        match=match,
        review=review,
    )
    question = CaseQuestion(asked_at=NOON, due_on=NOON.date(), department="community", yes=False, text="敲门无人应答")
    one = application(
        "app_1",
        second_party_index="5d" * 32,
        form={"flat": "民治大道七号"},
        asked=(asked,),
        declined="租金不符约定",
        check=question,
        ruling=question.model_copy(update={"text": "学位已经满额"}),
        history=(Happening(at=NOON, kind="returned", text="请补交材料"),),
    )
    rated = decided("app_1", minutes=1, masked_name="李**", comment="办理很快很好")
    person = resident("newcomer")
    await in_the_store.keep(
        in_the_store.residents.save(person),
        in_the_store.applications.save(one),
        in_the_store.decisions.save(rated),
    )
    await in_the_store.files.put(StoredFile("s1", "app_1"), "身份证正面".encode(), "image/png")

    kept = (one, rated, person)
    secrets = {text for each in kept for text in told_in(each.model_dump())} | {"身份证正面"}
    assert len(secrets) >= 11
    assert await readable_in(database, secrets) == []
    assert await in_the_store.applications.get("app_1") == one.model_copy(update={"version": 1})
