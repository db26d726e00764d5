from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

import record_archive
from bus.event import NOTHING, NotYet, Outcome
from data_rights import views
from data_rights.config import Settings
from data_rights.domain.access import Access, AccessedBy, Ended, SeenDocument, access_id, digest, earlier_id
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.chain import Block, Head
from data_rights.domain.correctable import Correctables
from data_rights.domain.correction import Correction
from data_rights.domain.dispute import Dispute
from data_rights.domain.erasure import Erasure
from data_rights.domain.export import Export, ExportPart
from data_rights.domain.known_credentials import KnownCredential
from data_rights.domain.people import Guardianship, KnownPerson
from data_rights.events import AccessDisputed
from data_rights.handlers import access_disputes, people, queries, record_entries
from data_rights.handlers.dependencies import Deps
from data_rights.store.accesses import AccessDocuments
from data_rights.store.chain import ChainDocuments
from data_rights.store.corrections import CorrectionDocuments, KnownCredentialDocuments
from data_rights.store.disputes import DisputeDocuments
from data_rights.store.erasures import ErasureDocuments
from data_rights.store.exports import ExportDocuments
from runtime.data_files import load
from runtime.errors import Conflict, NotAllowed, NotFound
from store import retention
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received
from testkit.people import signed_requests
from web.auth import Principal, Role
from web.reviewers import Reviewers

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MOTHER, CHILD, STRANGER = "res_mother", "res_child", "res_stranger"
INDEXES = {MOTHER: "1" * 64, CHILD: "2" * 64, STRANGER: "3" * 64}
SEEN = views.DataAccessed(
    holder=views.Holder(resident_id=MOTHER, index=INDEXES[MOTHER]),
    by=views.By(subject="clerk-1", role="clerk", departments=[]),
    how="viewed",
    what="registration",
    documents=[],
    purpose="窗口受理",
    at=NOW,
)
EVERYTHING = ServiceRequest()
MATCH = {"application_id": "app_1", "item": "senior-card"}
MATCHED = "matcher.match-succeeded.v2"
CARD = {"requirement": "identity", "attempt": 1, "document_type": "id-card"}


def keyed(content: bytes) -> str:
    return sha256(b"the key of this store" + content).hexdigest()


@dataclass
class Office:
    """Everything in memory."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    people: FakeDocuments[KnownPerson] = field(default_factory=lambda: FakeDocuments(KnownPerson))
    guardianships: FakeDocuments[Guardianship] = field(default_factory=lambda: FakeDocuments(Guardianship))
    entries: FakeDocuments[Access] = field(default_factory=lambda: FakeDocuments(Access))
    ended: FakeDocuments[Ended] = field(default_factory=lambda: FakeDocuments(Ended))
    blocks: FakeDocuments[Block] = field(default_factory=lambda: FakeDocuments(Block))
    disputes: FakeDocuments[Dispute] = field(default_factory=lambda: FakeDocuments(Dispute))
    corrections: FakeDocuments[Correction] = field(default_factory=lambda: FakeDocuments(Correction))
    holdings: FakeDocuments[KnownCredential] = field(default_factory=lambda: FakeDocuments(KnownCredential))
    exports: FakeDocuments[Export] = field(default_factory=lambda: FakeDocuments(Export))
    parts: FakeDocuments[ExportPart] = field(default_factory=lambda: FakeDocuments(ExportPart))
    heads: FakeDocuments[Head] = field(default_factory=lambda: FakeDocuments(Head))

    @property
    def deps(self) -> Deps:
        """What handlers are given."""
        return Deps(
            people=self.people,
            guardianships=self.guardianships,
            accesses=AccessDocuments(self.entries, self.ended),
            chain=ChainDocuments(self.blocks, self.heads),
            record_keys=record_archive.RECORD_KEYS,
            disputes=DisputeDocuments(self.disputes),
            corrections=CorrectionDocuments(self.corrections),
            correctables=load(Settings().correctable, Correctables),
            holdings=KnownCredentialDocuments(self.holdings),
            exports=ExportDocuments(self.exports, self.parts),
            erasures=ErasureDocuments(FakeDocuments(Erasure)),
            exporting=("identity", "matcher"),
            erasing=("identity", "applications"),
            eraser=NothingHeld(),
            terms=retention.read(Settings().retention),
            settings=Settings(),
            digest=keyed,
            reviewers=Reviewers.read(Settings().reviewers),
            signed_requests=signed_requests({}, FakeClock()),
            clock=self.clock,
        )


def entry(**changed: object) -> Access:
    """Return an entry about the mother."""
    fields: dict[str, object] = {
        "id": "acc_18c0ffee-0a",
        "holder": INDEXES[MOTHER],
        "by": AccessedBy(subject="reviewer-3", role="reviewer", departments=("health",)),
        "how": "viewed",
        "what": "task",
        "documents": (SeenDocument(document_type="birth-certificate"),),
        "application_id": "app_1",
        "item": "school-enrolment",
        "purpose": None,
        "source": "review-dispatch",
        "at": NOW - timedelta(days=1),
        "salt": "5a" * 16,
    }
    return Access.model_validate({**fields, **changed})


@pytest.fixture
async def office() -> Office:
    office = Office()
    for resident_id, index in INDEXES.items():
        registered = views.PersonRegistered(resident_id=resident_id, holder_index=index, birth_date=date(1990, 1, 1))
        apply(await people.learn_person(received(registered), office.deps))
    return office


def resident(subject: str) -> Principal:
    return Principal(subject=subject, role=Role.RESIDENT)


async def own(subject: str, deps: Deps, *, of: str | None = None) -> list[str]:
    found = await queries.accesses(of, EVERYTHING, resident(subject), deps, before=None, limit=20)
    return [each.how for each in found]


async def test_what_a_service_tells_is_an_entry_that_the_resident_reads(office: Office) -> None:
    apply(await record_entries.record(received(SEEN, type="identity.data-accessed.v1"), office.deps))

    [found] = await queries.accesses(None, EVERYTHING, resident(MOTHER), office.deps, before=None, limit=20)
    assert (found.by.subject, found.purpose, found.source) == ("clerk-1", "窗口受理", "identity")
    assert await own(STRANGER, office.deps) == []


async def test_the_same_event_again_is_the_same_entry(office: Office) -> None:
    apply(await record_entries.record(received(SEEN), office.deps))

    apply(await record_entries.record(received(SEEN), office.deps))
    assert len(office.entries.all) == 1
    again = replace(received(SEEN), is_redelivered=True)
    assert await record_entries.record(again, office.deps) is NOTHING


async def test_somebody_known_by_resident_id_alone_is_found_and_somebody_unknown_is_waited_for(office: Office) -> None:
    by_id = SEEN.model_copy(update={"holder": views.Holder(resident_id=CHILD, index=None)})
    apply(await record_entries.record(received(by_id), office.deps))
    unknown = SEEN.model_copy(update={"holder": views.Holder(resident_id="res_new", index=None)})

    assert [each.holder for each in office.entries.all.values()] == [INDEXES[CHILD]]
    with pytest.raises(NotYet):
        await record_entries.record(received(unknown), office.deps)


async def test_a_look_before_the_registration_is_read_after_it(office: Office) -> None:
    early = SEEN.model_copy(update={"holder": views.Holder(resident_id=None, index="7" * 64)})
    apply(await record_entries.record(received(early), office.deps))
    registered = views.PersonRegistered(resident_id="res_late", holder_index="7" * 64, birth_date=date(1990, 1, 1))
    assert await own("res_late", office.deps) == []
    apply(await people.learn_person(received(registered), office.deps))

    assert await own("res_late", office.deps) == ["viewed"]


def matched(*documents: Mapping[str, object], **changes: object) -> views.Matched:
    """What is proven of an application, by default one card."""
    holder = {"resident_id": MOTHER, "index": INDEXES[MOTHER]}
    said = [{**CARD, "holder": holder, **each} for each in documents or (changes,)]
    return views.Matched.model_validate({**MATCH, "documents": said})


def not_matched(**changes: object) -> views.NotMatched:
    """What is not proven of an application: one document."""
    [document] = matched().model_dump()["documents"]
    return views.NotMatched.model_validate({**MATCH, "documents": [{**document, **changes}]})


async def test_what_is_compared_together_is_an_entry_for_each_document(office: Office) -> None:
    childs = {"requirement": "childs", "holder": {"resident_id": CHILD, "index": INDEXES[CHILD]}}
    said = matched({}, {"requirement": "photo", "document_type": "portrait-photo"}, childs)
    for _ in range(2):
        apply(await record_entries.record_match(received(said, type=MATCHED, id="e1"), office.deps))

    found = [(each.holder, each.documents[0].document_type) for each in office.entries.all.values()]
    assert sorted(found) == sorted(
        [(INDEXES[MOTHER], "id-card"), (INDEXES[MOTHER], "portrait-photo"), (INDEXES[CHILD], "id-card")]
    )


async def test_the_entry_of_an_event_of_before_about_one_document_keeps_its_id(office: Office) -> None:
    event = received(matched(), type="matcher.match-succeeded.v1", id="e1")
    apply(await record_entries.record_match(event, office.deps))

    assert list(office.entries.all) == [access_id("e1", INDEXES[MOTHER], keyed)]


async def test_an_automatic_match_is_an_entry_with_its_result(office: Office) -> None:
    apply(await record_entries.record_match(received(matched(), type=MATCHED, id="e1"), office.deps))
    status = {"requirement": "status", "document_types": ["household-register", "residence-permit"]}
    apply(await record_entries.record_mismatch(received(not_matched(**status), type=MATCHED, id="e2"), office.deps))

    proven, failed = sorted(office.entries.all.values(), key=lambda each: each.id)
    assert (proven.how, proven.by.role, proven.result) == ("matched", "system", "succeeded")
    assert (failed.result, [it.document_type for it in failed.documents]) == (
        "failed",
        ["household-register", "residence-permit"],
    )


async def test_a_match_that_is_answered_again_is_no_second_entry_but_the_next_attempt_is(office: Office) -> None:
    said, missed = matched(), not_matched(document_types=["id-card"])
    apply(await record_entries.record_match(received(said, type=MATCHED, id="e1"), office.deps))
    apply(await record_entries.record_match(received(said, type=MATCHED, id="e2"), office.deps))
    apply(await record_entries.record_mismatch(received(missed, type=MATCHED, id="e3"), office.deps))
    assert [each.id for each in office.entries.all.values()] == [access_id("e1", INDEXES[MOTHER], keyed, "identity")]
    apply(await record_entries.record_match(received(matched(attempt=2), type=MATCHED, id="e4"), office.deps))
    assert await own(MOTHER, office.deps) == ["matched", "matched"]


async def test_an_entry_that_has_ended_does_not_come_back(office: Office) -> None:
    apply(await record_entries.record(received(SEEN), office.deps))
    [kept] = office.entries.all.values()
    ended = Ended(id=kept.id, block=1, digest=digest(kept), why="retention", at=NOW)
    apply(Outcome(changes=[office.ended.save(ended), office.entries.remove(kept)]))
    again = replace(received(SEEN), is_redelivered=True)
    old = replace(received(SEEN), time=office.clock() - timedelta(days=31))
    assert await record_entries.record(again, office.deps) is NOTHING
    assert await record_entries.record(old, office.deps) is NOTHING


async def test_the_id_of_an_entry_is_not_made_of_the_index_alone_and_one_from_before_is_not_entered_again(
    office: Office,
) -> None:
    assert access_id("e1", INDEXES[MOTHER], keyed) != earlier_id("e1", INDEXES[MOTHER])
    apply(await record_entries.record(received(SEEN, id="e1"), office.deps))
    [kept] = office.entries.all.values()
    before = kept.model_copy(update={"id": earlier_id("e1", INDEXES[MOTHER]), "version": 0})
    apply(Outcome(changes=[office.entries.remove(kept), office.entries.save(before)]))
    again = replace(received(SEEN, id="e1"), is_redelivered=True)
    assert await record_entries.record(again, office.deps) is NOTHING


async def test_where_a_match_is_kept_is_not_part_of_what_is_proven() -> None:
    assert digest(entry(answers="app_1/identity/1")) == digest(entry())


async def test_a_guardian_reads_for_a_ward_as_long_as_the_guardianship_lasts(office: Office) -> None:
    apply(Outcome(changes=[office.entries.save(entry(holder=INDEXES[CHILD]))]))
    news = views.GuardianshipChanged(guardianship_id="gua_1", guardian_id=MOTHER, child_id=CHILD, sequence=1)
    with pytest.raises(NotAllowed):
        await own(MOTHER, office.deps, of=CHILD)
    apply(await people.begin_guardianship(received(news), office.deps))
    assert await own(MOTHER, office.deps, of=CHILD) == ["viewed"]
    with pytest.raises(NotAllowed):
        await own(STRANGER, office.deps, of=CHILD)

    apply(await people.end_guardianship(received(news.model_copy(update={"sequence": 2})), office.deps))
    apply(await people.begin_guardianship(received(news), office.deps))  # late
    with pytest.raises(NotAllowed):
        await own(MOTHER, office.deps, of=CHILD)


async def test_somebody_elses_entry_is_as_unknown_as_one_that_there_is_not(office: Office) -> None:
    theirs = entry(holder=INDEXES[STRANGER])
    apply(Outcome(changes=[office.entries.save(theirs)]))

    for id_ in (theirs.id, "acc_0-0_0"):
        with pytest.raises(NotFound):
            await queries.access(id_, None, resident(MOTHER), office.deps)


async def test_what_a_guardian_disputes_is_in_the_wards_record_and_what_one_disputes_oneself_is_not(
    office: Office,
) -> None:
    news = views.GuardianshipChanged(guardianship_id="gua_1", guardian_id=MOTHER, child_id=CHILD, sequence=1)
    apply(await people.begin_guardianship(received(news), office.deps))
    of_the_child, own_entry = entry(id="acc_1", holder=INDEXES[CHILD]), entry(id="acc_2")
    apply(Outcome(changes=[office.entries.save(each) for each in (of_the_child, own_entry)]))
    for each, whose in ((of_the_child, CHILD), (own_entry, MOTHER)):
        apply(await access_disputes.dispute(each.id, whose, "我没有申请", resident(MOTHER), office.deps))

    assert sorted(await own(MOTHER, office.deps, of=CHILD)) == ["disputed", "viewed"]
    assert await own(MOTHER, office.deps) == ["viewed"]


def test_a_digest_follows_from_everything_that_the_entry_says() -> None:
    changes: list[dict[str, object]] = [
        {"holder": INDEXES[CHILD]},
        {"purpose": "x"},
        {"how": "opened"},
        {"at": NOW},
        {"salt": "0"},
        {"documents": ()},
        {"id": "acc_1"},
    ]

    assert len({digest(entry(**change)) for change in [{}, *changes]}) == len(changes) + 1
    assert digest(entry(block=4, version=3)) == digest(entry())


async def test_an_entry_is_disputed_once_by_whose_it_is_and_answered_once(office: Office) -> None:
    mine = entry()
    apply(Outcome(changes=[office.entries.save(mine)]))
    with pytest.raises(NotFound):
        await access_disputes.dispute(mine.id, None, "不是我", resident(STRANGER), office.deps)
    outcome = await access_disputes.dispute(mine.id, None, "我没有申请", resident(MOTHER), office.deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, AccessDisputed)
    assert (event.department, event.by, event.reason) == ("health", "reviewer-3", "我没有申请")
    with pytest.raises(Conflict, match="disputed-already"):
        await access_disputes.dispute(mine.id, None, "另一个理由", resident(MOTHER), office.deps)

    answer = views.DisputeAnswered(
        dispute_id=event.dispute_id, department="health", officer="reviewer-9", explanation="误查", answered_at=NOW
    )
    apply(await access_disputes.note_answer(received(answer), office.deps))
    later = answer.model_copy(update={"explanation": "改口"})
    assert await access_disputes.note_answer(received(later), office.deps) is NOTHING
    read = await access_disputes.find(event.dispute_id, None, resident(MOTHER), office.deps)
    assert read.explanation is not None
    assert (read.state, read.reason, read.explanation.text) == ("answered", "我没有申请", "误查")
    with pytest.raises(NotFound):
        await access_disputes.find(event.dispute_id, None, resident(STRANGER), office.deps)


async def test_an_answer_that_comes_before_its_dispute_waits(office: Office) -> None:
    early = views.DisputeAnswered(
        dispute_id="dis_1", department="health", officer="reviewer-9", explanation="误查", answered_at=NOW
    )
    with pytest.raises(NotYet):
        await access_disputes.note_answer(received(early), office.deps)
