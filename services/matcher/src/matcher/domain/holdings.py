"""Which documents of a person need not be brought: those that would prove themselves, whatever else is asked.

A record counts when it is valid today, agrees with who its holder is, and says everything that has to be compared. What
remains is what only an application knows: the applicant's own answers, and how much an item asks for. For these a
holding tells what its document `says`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from matcher.domain.comparison import HeldValues, term_of
from matcher.domain.evidence import SOURCES, Evidence, EvidenceHolding, EvidenceRecord, Source, Value
from matcher.domain.rules import Rules
from matcher.domain.verdicts import proves

_ONE_DAY = timedelta(days=1)


def held(evidence: Evidence, today: date, rules: Rules) -> tuple[EvidenceHolding, ...]:
    """List the documents that need not be brought, one for each type and source, the longest valid of each."""
    best: dict[tuple[str, Source], EvidenceHolding] = {}
    for record in evidence.records:
        if record.document_type in rules and proves(evidence, record, _own(evidence, record, rules), rules, today):
            holding = _holding(record, rules)
            key = holding.document_type, holding.source
            best[key] = max(best.get(key, holding), holding, key=_end)
    return tuple(sorted(best.values(), key=lambda one: (one.document_type, SOURCES.index(one.source))))


def next_turn(evidence: Evidence, today: date, rules: Rules) -> date | None:
    """Return the first day after today on which a record begins to count, or no longer does."""
    return min((day for day in _turns(evidence, rules) if day > today), default=None)


def settled(evidence: Evidence, today: date, rules: Rules) -> Evidence:
    """Bring the holdings of a registered person up to date; their sequence counts up when they change."""
    if evidence.resident_id is None:
        return evidence
    now, turns_on = held(evidence, today, rules), next_turn(evidence, today, rules)
    if now == evidence.holdings:
        return evidence if turns_on == evidence.turns_on else evidence.model_copy(update={"turns_on": turns_on})
    changes = {"holdings": now, "holdings_sequence": evidence.holdings_sequence + 1, "turns_on": turns_on}
    return evidence.model_copy(update=changes)


def first_of(
    evidence: Evidence, document_types: tuple[str, ...], today: date, rules: Rules, field: str
) -> Value | None:
    """Return what a field says in the document that `deciding.decide` would ask first; None when none is held."""
    says = [
        (SOURCES.index(one.source), document_types.index(one.document_type), one.says[field])
        for one in held(evidence, today, rules)
        if one.document_type in document_types and field in one.says
    ]
    return min(says, key=lambda each: each[:2])[2] if says else None


def _own(evidence: Evidence, record: EvidenceRecord, rules: Rules) -> dict[str, Value]:
    """Return the claims that a record answers best: who its holder is, and for the rest what it says itself."""
    said = record.content.fields if record.content else {}
    born = evidence.birth_date.isoformat() if evidence.birth_date else None
    person = {"name": evidence.name, "birth_date": born}
    fields = rules[record.document_type].fields.items()
    claims = {
        field: person[rule.own] if rule.own else said.get(field) for field, rule in fields if rule.claim == "required"
    }
    return {field: value for field, value in claims.items() if value is not None}


def _holding(record: EvidenceRecord, rules: Rules) -> EvidenceHolding:
    said, fields = record.content.fields if record.content else {}, rules[record.document_type].fields
    ends = [last for _, last in _terms(record, rules) if last is not None]
    return EvidenceHolding(
        document_type=record.document_type,
        source=record.source,
        evidence_id=record.record_id,
        valid_until=min(ends, default=None),
        says={field: said[field] for field, rule in fields.items() if rule.told and field in said},
    )


def _turns(evidence: Evidence, rules: Rules) -> Iterator[date]:
    for record in evidence.records:
        if record.status != "valid" or record.document_type not in rules:
            continue
        for first, last in _terms(record, rules):
            if first is not None:
                yield first
            if last is not None and last < date.max:
                yield last + _ONE_DAY


def _terms(record: EvidenceRecord, rules: Rules) -> Iterator[tuple[date | None, date | None]]:
    """Give the first and last day of every term outside of which a record proves nothing; None: not limited."""
    content = record.content
    if content is None:
        return
    yield content.valid_from, content.valid_until
    said = HeldValues(content.fields, content.valid_from, vouched=record.source == "district-store")
    for field, rule in rules[record.document_type].fields.items():
        yield term_of(rule, field, said)


def _end(holding: EvidenceHolding) -> date:
    return holding.valid_until or date.max
