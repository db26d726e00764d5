"""The stores in memory, with the queries of the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from applications.domain.agreement import Agreement
from applications.domain.application import Application, State
from applications.domain.catalogue import Published
from applications.domain.decided import Decided
from applications.domain.hands import Hand
from applications.domain.issued import Issued
from applications.domain.people import Resident
from applications.domain.published_item import PublishedItem
from applications.domain.review_switch import ReviewSwitch
from applications.domain.statistics import ItemFigures, ProofFigures, Rehearsed
from applications.domain.uploads import ResumableUpload
from messaging.event import ConflictError
from testkit.fakes import FakeChange, FakeDocuments


class FakeResidents(FakeDocuments[Resident]):
    def __init__(self) -> None:
        super().__init__(Resident)

    async def id_with_index(self, index: str) -> str | None:
        return next((each.id for each in self.all.values() if each.index == index), None)


class FakeApplications(FakeDocuments[Application]):
    def __init__(self) -> None:
        super().__init__(Application)

    async def of_applicant(
        self, resident_id: str, *, before: str | None, limit: int, state: State | None, item: str | None
    ) -> list[Application]:
        own = [each for each in self._newest_first(before) if each.applicant_id == resident_id]
        return [each for each in own if state in (None, each.state) and item in (None, each.item)][:limit]

    async def concerning(self, resident_id: str) -> list[Application]:
        found = [
            each
            for each in self.all.values()
            if resident_id in {each.applicant_id, each.subject.resident_id, each.second_party_id}
        ]
        return sorted(found, key=lambda each: each.id)

    async def unconfirmed_since(self, before: datetime, *, limit: int) -> list[Application]:
        waiting = [each for each in self.all.values() if each.state == "in-progress" and each.awaits_confirmation]
        return [each for each in waiting if each.submitted_at and each.submitted_at < before][:limit]

    async def to_confirm(self, index: str, *, before: str | None, limit: int) -> list[Application]:
        mine = [each for each in self._newest_first(before) if each.second_party_index == index]
        return [each for each in mine if each.state == "in-progress" and each.confirmed_at is None][:limit]

    async def with_inquiry_digest(self, digest: str) -> Application | None:
        return next((each for each in self.all.values() if each.inquiry_digest == digest), None)

    def if_open(self, id: str) -> FakeChange:
        return FakeChange(lambda: self._require_open(id), lambda: None)

    def _require_open(self, id: str) -> None:
        if id not in self.all or self.all[id].is_final:
            raise ConflictError(id)

    def _newest_first(self, before: str | None) -> list[Application]:
        ids = sorted((id for id in self.all if before is None or id < before), reverse=True)
        return [self.all[id] for id in ids]


class FakeAgreements(FakeDocuments[Agreement]):
    def __init__(self) -> None:
        super().__init__(Agreement)

    async def signed_by(self, resident_id: str) -> list[Agreement]:
        found = [each for each in self.all.values() if resident_id in each.signers]
        return sorted(found, key=lambda each: each.id)


class FakeHands(FakeDocuments[Hand]):
    def __init__(self) -> None:
        super().__init__(Hand)

    async def of_application(self, application_id: str) -> list[Hand]:
        return [each for each in self.all.values() if each.application_id == application_id]


class FakeReviewSwitches(FakeDocuments[ReviewSwitch]):
    def __init__(self) -> None:
        super().__init__(ReviewSwitch)

    async def automatic(self) -> frozenset[str]:
        return frozenset(each.id for each in self.all.values() if each.review == "automatic")


class FakeDecisions(FakeDocuments[Decided]):
    def __init__(self) -> None:
        super().__init__(Decided)

    async def rehearsed(self, document_type: str, since: datetime) -> Rehearsed:
        """Counted by the real store only."""
        return Rehearsed(0, 0, 0, 0)

    async def proven_by_people(
        self, document_type: str, since: datetime, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Decided]:
        """Found by the real store only."""
        return []

    async def latest(
        self, *, since: datetime, before: tuple[datetime, str], limit: int, published: Published
    ) -> list[Decided]:
        found = self._published(published)
        found = [each for each in found if since <= each.decided_at and (each.decided_at, each.id) < before]
        return sorted(found, key=lambda each: (each.decided_at, each.id), reverse=True)[:limit]

    async def item_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ItemFigures]:
        return [_figures(code, self._of(code, since, until)) for code in self._items(item, since, until)]

    async def published_figures(
        self, published: Published, *, since: datetime, until: datetime, rated_before: datetime
    ) -> list[ItemFigures]:
        kept = [each for each in self._published(published) if since <= each.decided_at < until]
        said = [
            each if each.rated_at and each.rated_at < rated_before else each.model_copy(update={"score": None})
            for each in kept
        ]
        return [_figures(code, [d for d in said if d.item == code]) for code in sorted({d.item for d in said})]

    def _published(self, published: Published) -> list[Decided]:
        of_outcome = {"approved": (*published.all, *published.approvals), "rejected": published.all}
        return [each for each in self.all.values() if each.item in of_outcome[each.outcome] and each.may_be_noticed]

    async def proof_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ProofFigures]:
        proofs = [
            proof
            for code in self._items(item, since, until)
            for d in self._of(code, since, until)
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

    def _of(self, item: str, since: datetime, until: datetime) -> list[Decided]:
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


class FakeCredentials(FakeDocuments[Issued]):
    def __init__(self) -> None:
        super().__init__(Issued)

    async def of_application(self, application_id: str) -> Issued | None:
        return next((each for each in self.all.values() if each.application_id == application_id), None)


class FakePublishedItems(FakeDocuments[PublishedItem]):
    def __init__(self) -> None:
        super().__init__(PublishedItem)

    async def everything(self) -> list[PublishedItem]:
        return list(self.all.values())


async def nothing_moves(_ids: Sequence[str]) -> Mapping[str, object]:
    return {}


class FakeUploads(FakeDocuments[ResumableUpload]):
    def __init__(self) -> None:
        super().__init__(ResumableUpload)

    async def unfinished(self, application_id: str) -> list[ResumableUpload]:
        return await self.find({"application_id": application_id, "scan_id": None}, sort=[("_id", 1)])
