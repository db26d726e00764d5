"""Deciding: whether what is held proves what an application needs, and if not, why, field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from matcher.domain.comparison import (
    BY_CLAIM,
    EQUAL,
    KEPT_APART,
    NOT_CLAIMED,
    NOT_HELD,
    FieldComparison,
    HeldValues,
    by_itself,
)
from matcher.domain.evidence import SOURCES, Evidence, EvidenceRecord, Source, Value
from matcher.domain.rules import FieldRule, Rules
from standards.normal_form import normal_text


@dataclass(frozen=True, slots=True)
class Finding:
    """One field: the answer, with what was claimed and what is held."""

    field: str
    compared: FieldComparison
    claimed: Value | None = None
    held: Value | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one requirement: proven by `record`, or explained by the nearest one (None: there is none)."""

    document_type: str
    record: EvidenceRecord | None
    findings: tuple[Finding, ...]
    proven: bool = False

    @property
    def source(self) -> Source | None:
        """Where the record that proves or explains comes from."""
        return self.record.source if self.record else None


Standing = Literal["valid", "suspended", "revoked", "expired", "not-begun", "unknown", "person-suspended"]

_TROUBLE: Mapping[Standing, FieldComparison] = {
    "expired": FieldComparison("expired", "record-expired"),
    "suspended": FieldComparison("revoked", "record-suspended"),
    "revoked": FieldComparison("revoked", "record-revoked"),
    "person-suspended": FieldComparison("revoked", "person-suspended"),
    "not-begun": FieldComparison("missing", "not-valid-yet"),
    "unknown": FieldComparison("missing", "no-record"),
}
_NO_RECORD = FieldComparison("missing", "no-record")
_DECLINED = FieldComparison("missing", "declined")
_NO_RULE = FieldComparison("missing", "no-rule")
_ALIKE = frozenset({"exact", "name", "date", "address"})
"""Kinds of fields of which two records may say the same in different writing."""
_GRAVITY: Mapping[Standing, int] = {"valid": 0, "not-begun": 1, "expired": 2, "suspended": 3, "person-suspended": 3}
_GRAVEST = 4


@dataclass(frozen=True, slots=True)
class _Examined:
    """A record as compared, and what keeps it from proving anything, if something does."""

    record: EvidenceRecord
    standing: Standing
    findings: tuple[Finding, ...]

    @property
    def proves(self) -> bool:
        """Every field that had to be compared is equal, and the record is valid."""
        return self.standing == "valid" and all(f.compared.result == "equal" for f in self.findings)

    @property
    def distance(self) -> tuple[float, int, int, str]:
        """How far the record is from proving: fields that are not equal, then why it is not valid."""
        score = {"equal": 1.0, "close": 0.5}
        near = sum(score.get(f.compared.result, 0.0) for f in self.findings) / (len(self.findings) or 1)
        gravity = _GRAVITY.get(self.standing, _GRAVEST)
        return -near, gravity, SOURCES.index(self.record.source), self.record.record_id

    def explained(self) -> tuple[Finding, ...]:
        """Answer for each field; of a record that is not valid, each field says why, with its values beside it."""
        trouble = _TROUBLE.get(self.standing)
        if trouble is None:
            return self.findings
        return tuple(Finding(f.field, trouble, f.claimed, f.held) for f in self.findings)


def decide(
    evidence: Evidence,
    document_types: Sequence[str],
    claims: Mapping[str, Value],
    rules: Rules,
    today: date,
    *,
    handed_in: str | None = None,
    declined: Collection[str] = (),
) -> Verdict:
    """Compare the claims with all evidence of these document types.

    What the person declined is compared with nothing, and neither is another record that says the same; where that
    leaves nothing, the answer is that it was declined.

    Sources are asked in their order, in each the document types in the item's; the first that proves is named.
    Otherwise the nearest record explains why not; only records of the type `handed_in`, when there is a scan of one.
    """
    usable = without(evidence.records, declined, rules)
    compared = [
        _examine(evidence, record, claims, rules, today)
        for document_type in document_types
        if document_type in rules
        for record in usable
        if record.document_type == document_type
    ]
    proving = [one for one in compared if one.proves]
    if proving:
        first = min(proving, key=lambda one: _precedence(one.record, document_types))
        return Verdict(first.record.document_type, first.record, first.findings, proven=True)
    nearest = min(
        (one for one in compared if handed_in in {None, one.record.document_type}), key=_distance, default=None
    )
    if nearest is None:
        document_type = handed_in or document_types[0]
        refused = any(each.document_type in document_types and each not in usable for each in evidence.records)
        return Verdict(document_type, None, _unheld(document_type, claims, rules, _DECLINED if refused else _NO_RECORD))
    return Verdict(nearest.record.document_type, nearest.record, nearest.explained())


def without(records: Sequence[EvidenceRecord], declined: Collection[str], rules: Rules) -> tuple[EvidenceRecord, ...]:
    """Leave out the records of these ids, and every other of the same document type that says nothing else."""
    refused = [each for each in records if each.record_id in declined]
    return tuple(
        each
        for each in records
        if each.record_id not in declined and not any(_says_nothing_else(each, other, rules) for other in refused)
    )


def _says_nothing_else(one: EvidenceRecord, other: EvidenceRecord, rules: Rules) -> bool:
    """Tell whether no field that both records say differs between them."""
    if (
        one.document_type != other.document_type
        or one.document_type not in rules
        or not (one.content and other.content)
    ):
        return False
    there, here = one.content.fields, other.content.fields
    return all(
        there[field] == here[field]
        or (rule.kind in _ALIKE and BY_CLAIM[rule.kind](here[field], there[field]).result == "equal")
        for field, rule in rules[one.document_type].fields.items()
        if field in there and field in here
    )


def in_order(records: Sequence[EvidenceRecord], document_types: Sequence[str], rules: Rules) -> list[EvidenceRecord]:
    """Return the records of these document types that say something, in the order in which they are asked."""
    of_types = [each for each in records if each.document_type in document_types and each.document_type in rules]
    return sorted((each for each in of_types if each.content), key=lambda each: _precedence(each, document_types))


def standing_of(evidence: Evidence, record: EvidenceRecord, rules: Rules, today: date) -> Standing:
    """Tell whether a record proves anything today, and if not, why."""
    standing: Standing = record.standing(today)
    follows = rules[record.document_type].follows_person
    return "person-suspended" if standing == "valid" and evidence.suspended and follows else standing


def proves(evidence: Evidence, record: EvidenceRecord, claims: Mapping[str, Value], rules: Rules, today: date) -> bool:
    """Tell whether one record proves these claims."""
    return _examine(evidence, record, claims, rules, today).proves


def _precedence(record: EvidenceRecord, document_types: Sequence[str]) -> tuple[int, int, int, str]:
    end = record.content.valid_until if record.content and record.content.valid_until else date.max
    return SOURCES.index(record.source), document_types.index(record.document_type), -end.toordinal(), record.record_id


def _distance(examined: _Examined) -> tuple[float, int, int, str]:
    return examined.distance


def _examine(
    evidence: Evidence, record: EvidenceRecord, claims: Mapping[str, Value], rules: Rules, today: date
) -> _Examined:
    document_type = rules[record.document_type]
    standing = standing_of(evidence, record, rules, today)
    findings = [_find(field, rule, evidence, record, claims, today) for field, rule in document_type.fields.items()]
    return _Examined(record, standing, tuple(finding for finding in findings if finding is not None))


def _find(
    field: str, rule: FieldRule, evidence: Evidence, record: EvidenceRecord, claims: Mapping[str, Value], today: date
) -> Finding | None:
    """Compare one field; None when it was not claimed and need not be."""
    held = record.content.fields if record.content else {}
    there = _said(held.get(field))
    if rule.claim == "none":
        begun = record.content.valid_from if record.content else None
        vouched = record.content is not None and record.source == "district-store"
        return Finding(field, by_itself(rule, field, HeldValues(held, begun, vouched), today), None, there)
    if rule.claim == "holder":
        # The record stands under the holder's index: one that does not repeat it says the same. The index itself is
        # nothing to look at, so it is not shown.
        return Finding(field, BY_CLAIM["exact"](evidence.id, there or evidence.id))
    claimed = _said(claims.get(field))
    if claimed is None:
        return None if rule.claim == "optional" else Finding(field, NOT_CLAIMED, None, there)
    if there is None:
        return Finding(field, NOT_HELD, claimed, None)
    compared = BY_CLAIM[rule.kind](claimed, there)
    if compared == KEPT_APART and rule.identified_by is not None and held.get(rule.identified_by) == evidence.id:
        compared = EQUAL
    return Finding(field, compared, claimed, there)


def _unheld(
    document_type: str, claims: Mapping[str, Value], rules: Rules, why: FieldComparison = _NO_RECORD
) -> tuple[Finding, ...]:
    """Answer for a document of which nothing is held at all, or nothing that may be compared."""
    if document_type not in rules:
        return tuple(Finding(field, _NO_RULE, claims[field]) for field in claims) or (Finding("document", _NO_RULE),)
    fields = rules[document_type].fields.items()
    wanted = [field for field, rule in fields if rule.claim != "optional" or _said(claims.get(field)) is not None]
    return tuple(Finding(field, why, claims.get(field)) for field in wanted)


def _said(value: Value | None) -> Value | None:
    """Take an empty text or list for nothing said."""
    return None if value is None or value in ("", []) or (isinstance(value, str) and not normal_text(value)) else value
