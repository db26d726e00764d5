"""The evidence about one person: all that government holds, whoever keeps it, and what of it is valid today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

Value = str | bool | int | list[str]
Source = Literal["city-mirror", "district-store", "department-record"]
Keeper = Literal["city", "credential-store"]
Status = Literal["valid", "suspended", "revoked", "expired"]
Known = Literal["news", "known", "older-than-held", "sequence-reused"]
"""What a keeper says of a record: something new, what is held already, or a fault of its sender's."""
_REUSED: Known = "sequence-reused"

SOURCES: tuple[Source, ...] = ("city-mirror", "district-store", "department-record")
"""The order in which sources are asked."""


class Piece(BaseModel):
    """A piece of stored state: frozen, nothing unexpected in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceContent(Piece):
    """What a record says, as of the news that said it."""

    fields: dict[str, Value]
    valid_from: date | None
    valid_until: date | None
    sequence: int


class EvidenceRecord(Piece):
    """One record of the city mirror or one credential of the district's store.

    Status and content have sequences of their own, because a withdrawal or suspension may arrive before the record
    that it is about: `content` is None until that came.
    """

    keeper: Keeper
    record_id: str
    source: Source
    document_type: str
    status: Status
    sequence: int
    content: EvidenceContent | None = None
    told_at: datetime | None = None
    """When its keeper told what it says; None: before that was kept."""

    @property
    def key(self) -> tuple[Keeper, str]:
        """What tells records apart: who keeps it and its id there."""
        return self.keeper, self.record_id

    def standing(self, today: date) -> Literal["valid", "suspended", "revoked", "expired", "not-begun", "unknown"]:
        """Tell whether the record proves anything today, and if not, why."""
        if self.status != "valid":
            return self.status
        if self.content is None:
            return "unknown"
        if self.content.valid_until is not None and self.content.valid_until < today:
            return "expired"
        if self.content.valid_from is not None and self.content.valid_from > today:
            return "not-begun"
        return "valid"

    def is_said_again(self, news: EvidenceRecord) -> Known:
        """Tell what its keeper's news are to this record: a sequence stands for one content or for one withdrawal.

        A publication that is older than a withdrawal is news all the same while there is no newer content.
        """
        if news.content is None:
            if news.sequence == self.sequence:
                return "known" if self.status == news.status else "sequence-reused"
            return "news" if news.sequence > self.highest else "older-than-held"
        if self.content is not None and news.sequence <= self.content.sequence:
            if news.sequence < self.content.sequence:
                return "older-than-held"
            return "known" if (news.content, news.document_type) == (self.content, self.document_type) else _REUSED
        return _REUSED if news.sequence == self.sequence else "news"

    @property
    def highest(self) -> int:
        """Return the highest sequence that its keeper has used for it."""
        return max(self.sequence, self.content.sequence if self.content else 0)

    def with_news(self, news: EvidenceRecord) -> EvidenceRecord:
        """Take over whatever of `news` is newer."""
        newer = news if news.sequence > self.sequence else self
        said = max((r for r in (self, news) if r.content), key=_content_sequence, default=newer)
        source, document_type = said.source, said.document_type
        changes = {
            "content": said.content,
            "source": source,
            "document_type": document_type,
            "told_at": said.told_at if said.content else None,
        }
        merged = newer.model_copy(update=changes)
        return self if merged == self else merged


class EvidenceHolding(Piece):
    """A document that need not be brought: until when it proves, and what it says that forms and items build on."""

    document_type: str
    source: Source
    evidence_id: str | None = None
    valid_until: date | None
    says: dict[str, Value] = {}


class Identity(Piece):
    """Who a person is, as identity says."""

    resident_id: str
    name: str
    birth_date: date
    address: str
    sequence: int


class Evidence(Piece):
    """Everything held about the person behind one blind index (`id`), registered here or not."""

    id: str
    version: int = 0
    resident_id: str | None = None
    name: str | None = None
    birth_date: date | None = None
    first_birth_date: date | None = None
    """As it was said first: identity alone makes no child of age."""
    address: str | None = None
    identity_sequence: int = -1
    suspended: bool = False
    standing_sequence: int = -1
    records: tuple[EvidenceRecord, ...] = ()
    holdings: tuple[EvidenceHolding, ...] = ()
    holdings_sequence: int = 0
    turns_on: date | None = None
    """The next day on which a record begins or has ended, and with it the holdings change without any news."""

    def with_identity(self, identity: Identity) -> Self:
        """Learn who the person is, unless something newer is known."""
        if identity.sequence <= self.identity_sequence:
            return self
        said = identity.model_dump(exclude={"sequence"})
        first = self.first_birth_date or self.birth_date or identity.birth_date
        return self.model_copy(update={**said, "first_birth_date": first, "identity_sequence": identity.sequence})

    def with_standing(self, resident_id: str, sequence: int, *, suspended: bool) -> Self:
        """Learn that the person was suspended or reinstated, unless something newer is known."""
        if sequence <= self.standing_sequence:
            return self
        said = {"resident_id": resident_id, "suspended": suspended, "standing_sequence": sequence}
        return self.model_copy(update=said)

    def with_record(self, news: EvidenceRecord) -> Self:
        """Learn news of a record; older than what is known, it changes nothing."""
        known = {record.key: record for record in self.records}
        before = known.get(news.key)
        after = news if before is None else before.with_news(news)
        return self if after is before else self.with_records((known | {news.key: after}).values())

    def held_by(self, keeper: Keeper) -> int:
        """Return how many records a keeper has of the person."""
        return sum(record.keeper == keeper for record in self.records)

    def record(self, key: tuple[Keeper, str]) -> EvidenceRecord | None:
        """Return what is held of one record."""
        return next((record for record in self.records if record.key == key), None)

    def with_records(self, records: Iterable[EvidenceRecord]) -> Self:
        """Replace all records; their order is always the same."""
        return self.model_copy(update={"records": tuple(sorted(records, key=lambda record: record.key))})


def _content_sequence(record: EvidenceRecord) -> int:
    return record.content.sequence if record.content else 0
