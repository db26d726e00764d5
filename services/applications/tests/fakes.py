"""The stores in memory: the queries are the real ones, what the store itself adds up is added up here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from applications.domain.agreement import Agreement
from applications.domain.application import Application
from applications.domain.catalogue import PublicNotices
from applications.domain.decided import Decided
from applications.domain.issued import Issued
from applications.domain.people import KnownResident
from applications.domain.published_item import PublishedItem
from applications.domain.review_switch import ReviewSwitch
from applications.domain.statistics import ItemFigures, ProofFigures, Rehearsed
from applications.domain.task_claims import TaskClaim
from applications.domain.uploads import ResumableUpload
from applications.store.decisions import DecisionStore
from applications.store.documents import (
    AgreementStore,
    ApplicationStore,
    CredentialStore,
    HandStore,
    PublishedItemStore,
    ResidentStore,
    ReviewSwitchStore,
    UploadStore,
)
from bus.event import ConflictError
from testkit.fakes import FakeChange, FakeDocuments


class FakeResidents(ResidentStore, FakeDocuments[KnownResident]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, KnownResident)


class FakeApplications(ApplicationStore, FakeDocuments[Application]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Application)

    def if_open(self, id: str) -> FakeChange:
        return FakeChange(lambda: self._require_open(id), lambda: None)

    def _require_open(self, id: str) -> None:
        if id not in self.all or self.all[id].is_final:
            raise ConflictError(id)


class FakeAgreements(AgreementStore, FakeDocuments[Agreement]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Agreement)


class FakeHands(HandStore, FakeDocuments[TaskClaim]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, TaskClaim)


class FakeReviewSwitches(ReviewSwitchStore, FakeDocuments[ReviewSwitch]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, ReviewSwitch)


class FakeDecisions(DecisionStore, FakeDocuments[Decided]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Decided)

    async def rehearsed(self, document_type: str, since: datetime) -> Rehearsed:
        """Counted by the real store only."""
        return Rehearsed(0, 0, 0, 0)

    async def item_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ItemFigures]:
        return [_figures(code, self._decided(code, since, until)) for code in self._items(item, since, until)]

    async def published_figures(
        self, published: PublicNotices, *, since: datetime, until: datetime, rated_before: datetime
    ) -> list[ItemFigures]:
        kept = [each for each in self._published(published) if since <= each.decided_at < until]
        said = [
            each if each.rated_at and each.rated_at < rated_before else each.model_copy(update={"score": None})
            for each in kept
        ]
        return [_figures(code, [d for d in said if d.item == code]) for code in sorted({d.item for d in said})]

    def _published(self, published: PublicNotices) -> list[Decided]:
        of_outcome = {"approved": (*published.all, *published.approvals), "rejected": published.all}
        return [each for each in self.all.values() if each.item in of_outcome[each.outcome] and each.may_be_noticed]

    async def proof_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ProofFigures]:
        proofs = [
            proof
            for code in self._items(item, since, until)
            for d in self._decided(code, since, until)
            for proof in d.proofs
        ]
        kinds = sorted({(proof.document_type, proof.source) for proof in proofs})
        return [
            ProofFigures(
                document_type=kind,
                source=source,
                proofs=sum((p.document_type, p.source) == (kind, source) for p in proofs),
                handed_in=sum((p.document_type, p.source) == (kind, source) and p.handed_in for p in proofs),
            )
            for kind, source in kinds
        ]

    def _items(self, item: str | None, since: datetime, until: datetime) -> list[str]:
        codes = {each.item for each in self.all.values() if since <= each.decided_at < until}
        return sorted(code for code in codes if item in (None, code))

    def _decided(self, item: str, since: datetime, until: datetime) -> list[Decided]:
        return [each for each in self.all.values() if each.item == item and since <= each.decided_at < until]


def _figures(item: str, decided: Sequence[Decided]) -> ItemFigures:
    scores = [each.score for each in decided if each.score is not None]
    return ItemFigures(
        item=item,
        approved=sum(each.outcome == "approved" for each in decided),
        rejected=sum(each.outcome == "rejected" for each in decided),
        automatic=sum(each.automatic for each in decided),
        by_officer=sum(each.decided_by == "officer" for each in decided),
        rated=len(scores),
        score_total=sum(scores),
        satisfied=sum(score >= 4 for score in scores),
        seconds=tuple(each.seconds for each in decided),
        promised=sum(each.in_time is not None for each in decided),
        in_time=sum(each.in_time is True for each in decided),
    )


class FakeCredentials(CredentialStore, FakeDocuments[Issued]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Issued)


class FakePublishedItems(PublishedItemStore, FakeDocuments[PublishedItem]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, PublishedItem)


class FakeUploads(UploadStore, FakeDocuments[ResumableUpload]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, ResumableUpload)


async def nothing_moves(_ids: Sequence[str]) -> Mapping[str, object]:
    return {}
