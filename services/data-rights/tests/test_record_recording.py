from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

import record_archive
from data_rights import consumed
from data_rights.config import Settings
from data_rights.domain.access import Access, By, Ended, Seen, access_id, digest
from data_rights.domain.asked import Asked
from data_rights.domain.chain import Block, Head
from data_rights.domain.correctable import Correctables
from data_rights.domain.correction import Correction
from data_rights.domain.dispute import Dispute
from data_rights.domain.erasure import Erasure
from data_rights.domain.export import Export, Part
from data_rights.domain.holding import Holding
from data_rights.domain.people import Guardianship, Person
from data_rights.handlers import disputing, people, reading, recording
from data_rights.handlers.needs import Deps
from data_rights.published import AccessDisputed
from data_rights.store.accesses import AccessDocuments
from data_rights.store.chain import ChainDocuments
from data_rights.store.corrections import CorrectionDocuments, HoldingDocuments
from data_rights.store.disputes import DisputeDocuments
from data_rights.store.erasures import ErasureDocuments
from data_rights.store.exports import ExportDocuments
from messaging.event import NOTHING, NotYet, Outcome
from runtime import retention
from runtime.access import Principal, Role
from runtime.data_files import load
from runtime.refusal import Clash, NotAllowed, Unknown
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MOTHER, CHILD, STRANGER = "res_mother", "res_child", "res_stranger"
INDEXES = {MOTHER: "1" * 64, CHILD: "2" * 64, STRANGER: "3" * 64}
SEEN = consumed.DataAccessed(
    holder=consumed.Holder(resident_id=MOTHER, index=INDEXES[MOTHER]),
    by=consumed.By(subject="clerk-1", role="clerk", departments=[]),
    how="viewed",
    what="registration",
    documents=[],
    purpose="窗口受理",
    at=NOW,
)
EVERYTHING = Asked()
MATCH = {
    "application_id": "app_1",
    "item": "senior-card",
    "requirement": "identity",
    "attempt": 1,
    "document_type": "id-card",
}


@dataclass
class Office:
    """Everything in memory."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    people: FakeDocuments[Person] = field(default_factory=lambda: FakeDocuments(Person))
    guardianships: FakeDocuments[Guardianship] = field(default_factory=lambda: FakeDocuments(Guardianship))
    entries: FakeDocuments[Access] = field(default_factory=lambda: FakeDocuments(Access))
    ended: FakeDocuments[Ended] = field(default_factory=lambda: FakeDocuments(Ended))
    blocks: FakeDocuments[Block] = field(default_factory=lambda: FakeDocuments(Block))
    disputes: FakeDocuments[Dispute] = field(default_factory=lambda: FakeDocuments(Dispute))
    corrections: FakeDocuments[Correction] = field(default_factory=lambda: FakeDocuments(Correction))
    holdings: FakeDocuments[Holding] = field(default_factory=lambda: FakeDocuments(Holding))
    exports: FakeDocuments[Export] = field(default_factory=lambda: FakeDocuments(Export))
    parts: FakeDocuments[Part] = field(default_factory=lambda: FakeDocuments(Part))
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
            correctables=load(Settings().documents, Correctables),
            holdings=HoldingDocuments(self.holdings),
            exports=ExportDocuments(self.exports, self.parts),
            erasures=ErasureDocuments(FakeDocuments(Erasure)),
            exporting=("identity", "matcher"),
            erasing=("identity", "applications"),
            eraser=NothingHeld(),
            terms=retention.read(Settings().retention),
            settings=Settings(),
            clock=self.clock,
        )


def entry(**changed: object) -> Access:
    """Return an entry about the mother."""
    fields: dict[str, object] = {
        "id": "acc_18c0ffee-0a",
        "holder": INDEXES[MOTHER],
        "by": By(subject="reviewer-3", role="reviewer", departments=("health",)),
        "how": "viewed",
        "what": "task",
        "documents": (Seen(document_type="birth-certificate"),),
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
        registered = consumed.PersonRegistered(resident_id=resident_id, holder_index=index)
        apply(await people.learn_person(received(registered), office.deps))
    return office


def resident(subject: str) -> Principal:
    return Principal(subject=subject, role=Role.RESIDENT)


async def own(subject: str, deps: Deps, *, of: str | None = None) -> list[str]:
    found = await reading.accesses(of, EVERYTHING, resident(subject), deps, before=None, limit=20)
    return [each.how for each in found]


async def test_what_a_service_tells_is_an_entry_that_the_resident_reads(office: Office) -> None:
    apply(await recording.record(received(SEEN, type="identity.data-accessed.v1"), office.deps))

    [found] = await reading.accesses(None, EVERYTHING, resident(MOTHER), office.deps, before=None, limit=20)
    assert (found.by.subject, found.purpose, found.source) == ("clerk-1", "窗口受理", "identity")
    assert await own(STRANGER, office.deps) == []


async def test_the_same_event_again_is_the_same_entry(office: Office) -> None:
    apply(await recording.record(received(SEEN), office.deps))

    apply(await recording.record(received(SEEN), office.deps))
    assert len(office.entries.all) == 1
    again = replace(received(SEEN), is_redelivered=True)
    assert await recording.record(again, office.deps) is NOTHING


async def test_somebody_known_by_resident_id_alone_is_found_and_somebody_unknown_is_waited_for(office: Office) -> None:
    by_id = SEEN.model_copy(update={"holder": consumed.Holder(resident_id=CHILD, index=None)})
    apply(await recording.record(received(by_id), office.deps))
    unknown = SEEN.model_copy(update={"holder": consumed.Holder(resident_id="res_new", index=None)})

    assert [each.holder for each in office.entries.all.values()] == [INDEXES[CHILD]]
    with pytest.raises(NotYet):
        await recording.record(received(unknown), office.deps)


async def test_a_look_before_the_registration_is_read_after_it(office: Office) -> None:
    early = SEEN.model_copy(update={"holder": consumed.Holder(resident_id=None, index="7" * 64)})
    apply(await recording.record(received(early), office.deps))
    registered = consumed.PersonRegistered(resident_id="res_late", holder_index="7" * 64)
    assert await own("res_late", office.deps) == []
    apply(await people.learn_person(received(registered), office.deps))

    assert await own("res_late", office.deps) == ["viewed"]


async def test_an_automatic_match_is_an_entry_with_its_result(office: Office) -> None:
    holder = consumed.Holder(resident_id=MOTHER, index=INDEXES[MOTHER])
    said = MATCH | {"holder": holder}
    apply(await recording.record_match(received(consumed.Matched(**said), id="e1"), office.deps))
    missed = consumed.NotMatched(
        **said | {"requirement": "status"}, document_types=["household-register", "residence-permit"]
    )
    apply(await recording.record_mismatch(received(missed, id="e2"), office.deps))

    proven, failed = sorted(office.entries.all.values(), key=lambda each: each.id)
    assert (proven.how, proven.by.role, proven.result) == ("matched", "system", "succeeded")
    assert (failed.result, [it.document_type for it in failed.documents]) == (
        "failed",
        ["household-register", "residence-permit"],
    )


async def test_a_match_that_is_answered_again_is_no_second_entry_but_the_next_attempt_is(office: Office) -> None:
    said = consumed.Matched(**MATCH, holder=consumed.Holder(resident_id=MOTHER, index=INDEXES[MOTHER]))
    missed = consumed.NotMatched(**said.model_dump(), document_types=["id-card"])
    apply(await recording.record_match(received(said, id="e1"), office.deps))
    apply(await recording.record_match(received(said, id="e2"), office.deps))
    apply(await recording.record_mismatch(received(missed, id="e3"), office.deps))
    assert [each.id for each in office.entries.all.values()] == [access_id("e1", INDEXES[MOTHER])]
    apply(await recording.record_match(received(said.model_copy(update={"attempt": 2}), id="e4"), office.deps))
    assert await own(MOTHER, office.deps) == ["matched", "matched"]


async def test_an_entry_that_has_ended_does_not_come_back(office: Office) -> None:
    apply(await recording.record(received(SEEN), office.deps))
    [kept] = office.entries.all.values()
    ended = Ended(id=kept.id, block=1, digest=digest(kept), why="retention", at=NOW)
    apply(Outcome(changes=[office.ended.save(ended), office.entries.remove(kept)]))
    again = replace(received(SEEN), is_redelivered=True)
    old = replace(received(SEEN), time=office.clock() - timedelta(days=31))
    assert await recording.record(again, office.deps) is NOTHING
    assert await recording.record(old, office.deps) is NOTHING


async def test_where_a_match_is_kept_is_not_part_of_what_is_proven() -> None:
    assert digest(entry(answers="app_1/identity/1")) == digest(entry())


async def test_a_guardian_reads_for_a_ward_as_long_as_the_guardianship_lasts(office: Office) -> None:
    apply(Outcome(changes=[office.entries.save(entry(holder=INDEXES[CHILD]))]))
    news = consumed.GuardianshipChanged(guardianship_id="gua_1", guardian_id=MOTHER, child_id=CHILD, sequence=1)
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
        with pytest.raises(Unknown):
            await reading.access(id_, None, resident(MOTHER), office.deps)


async def test_what_a_guardian_disputes_is_in_the_wards_record_and_what_one_disputes_oneself_is_not(
    office: Office,
) -> None:
    news = consumed.GuardianshipChanged(guardianship_id="gua_1", guardian_id=MOTHER, child_id=CHILD, sequence=1)
    apply(await people.begin_guardianship(received(news), office.deps))
    of_the_child, own_entry = entry(id="acc_1", holder=INDEXES[CHILD]), entry(id="acc_2")
    apply(Outcome(changes=[office.entries.save(each) for each in (of_the_child, own_entry)]))
    for each, whose in ((of_the_child, CHILD), (own_entry, MOTHER)):
        apply(await disputing.dispute(each.id, whose, "我没有申请", resident(MOTHER), office.deps))

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
    with pytest.raises(Unknown):
        await disputing.dispute(mine.id, None, "不是我", resident(STRANGER), office.deps)
    outcome = await disputing.dispute(mine.id, None, "我没有申请", resident(MOTHER), office.deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, AccessDisputed)
    assert (event.department, event.by, event.reason) == ("health", "reviewer-3", "我没有申请")
    with pytest.raises(Clash, match="disputed-already"):
        await disputing.dispute(mine.id, None, "另一个理由", resident(MOTHER), office.deps)

    answer = consumed.DisputeAnswered(
        dispute_id=event.dispute_id, department="health", officer="reviewer-9", explanation="误查", answered_at=NOW
    )
    apply(await disputing.note_answer(received(answer), office.deps))
    later = answer.model_copy(update={"explanation": "改口"})
    assert await disputing.note_answer(received(later), office.deps) is NOTHING
    read = await disputing.find(event.dispute_id, None, resident(MOTHER), office.deps)
    assert read.explanation is not None
    assert (read.state, read.reason, read.explanation.text) == ("answered", "我没有申请", "误查")
    with pytest.raises(Unknown):
        await disputing.find(event.dispute_id, None, resident(STRANGER), office.deps)


async def test_an_answer_that_comes_before_its_dispute_waits(office: Office) -> None:
    early = consumed.DisputeAnswered(
        dispute_id="dis_1", department="health", officer="reviewer-9", explanation="误查", answered_at=NOW
    )
    with pytest.raises(NotYet):
        await disputing.note_answer(received(early), office.deps)
