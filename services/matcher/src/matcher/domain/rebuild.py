"""Rebuilding what came from the credential store out of the trail, beside the evidence that is in use."""

from __future__ import annotations

from collections.abc import Iterable

from matcher.domain.evidence import Evidence, EvidenceRecord, Piece


class KnownEvidence(Piece):
    """A credential as the evidence had it when the rebuild began."""

    record_id: str
    sequence: int


class Rebuilt(Piece):
    """One person's credentials: those `known` when the rebuild began, and what the trail says (`records`)."""

    id: str
    version: int = 0
    known: tuple[KnownEvidence, ...] = ()
    records: tuple[EvidenceRecord, ...] = ()

    def with_record(self, news: EvidenceRecord) -> Rebuilt:
        """Learn from the trail; its events may repeat and be out of order."""
        told = {record.record_id: record for record in self.records}
        before = told.get(news.record_id)
        told[news.record_id] = news if before is None else before.with_news(news)
        return self.model_copy(update={"records": tuple(told.values())})

    @property
    def unmentioned(self) -> frozenset[str]:
        """Credentials that were known and that the trail does not mention, or not as new as they were known."""
        told = {record.record_id: record.sequence for record in self.records}
        return frozenset(one.record_id for one in self.known if told.get(one.record_id, -1) < one.sequence)


def known_in(evidence: Evidence) -> Rebuilt:
    """Note which credentials the evidence has before the trail is read."""
    credentials = (record for record in evidence.records if record.keeper == "credential-store")
    known = tuple(KnownEvidence(record_id=record.record_id, sequence=record.sequence) for record in credentials)
    return Rebuilt(id=evidence.id, known=known)


def swapped(evidence: Evidence, rebuilt: Rebuilt, *, keep: bool) -> Evidence:
    """Replace the credentials in the evidence by the rebuilt ones.

    What has arrived since the rebuild began stays: it may be newer than what was read of the trail. With `keep`,
    whatever the trail does not mention stays too; without, it goes.
    """
    told = {record.record_id: record for record in rebuilt.records}
    known = {one.record_id: one.sequence for one in rebuilt.known}
    kept = [record for record in evidence.records if record.keeper == "city"]
    for record in evidence.records:
        if record.keeper == "credential-store" and (keep or known.get(record.record_id) != record.sequence):
            newer = told.get(record.record_id)
            told[record.record_id] = record if newer is None else newer.with_news(record)
    return _with(evidence, [*kept, *told.values()])


def _with(evidence: Evidence, records: Iterable[EvidenceRecord]) -> Evidence:
    after = evidence.with_records(records)
    return evidence if after.records == evidence.records else after
