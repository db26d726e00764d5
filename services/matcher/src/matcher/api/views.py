"""What callers get to see: results and reasons in their language, nobody's values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from matcher.domain.claims import Role
from matcher.domain.comparison import Result
from matcher.domain.evidence import Source, Status
from matcher.domain.statistics import CountedItem, Statistics
from matcher.domain.verdicts import Finding
from matcher.handlers.dry_run import DryRun, Tried
from runtime.texts import Texts
from standards import document_types
from standards.disclosure import told, total
from standards.document_types import field_name

TEXTS = Texts.of("matcher").beside(document_types.names(heading=False))


class Coded(BaseModel):
    """A code with its name in the caller's language."""

    code: str
    name: str

    @classmethod
    def of(cls, group: str, code: str, language: str) -> Coded:
        """Name a code; one that the catalogue does not know is its own name."""
        key = f"{group}.{code}"
        return cls(code=code, name=TEXTS.say(language, key) if TEXTS.has(key) else code)


class MatchFieldView(BaseModel):
    """How one field compares, and why it is not equal."""

    field: str
    label: str
    result: Result
    explanation: str
    reason: str | None

    @classmethod
    def of(cls, finding: Finding, document_type: str, language: str) -> MatchFieldView:
        """Show a finding without its values."""
        result, reason = finding.compared.result, finding.compared.reason
        key = f"results.{result}" if reason is None else f"reasons.{reason}"
        explanation = TEXTS.say(language, key)
        label = field_name(document_type, finding.field, language)
        return cls(field=finding.field, label=label, result=result, reason=reason, explanation=explanation)


class MatchRequirementView(BaseModel):
    """What would come of one requirement: proven, by which document from where; or the nearest evidence, and why not.

    `holder-not-named`: the dry run did not say who would hold the document.
    """

    requirement: str
    holder: Role
    result: Literal["proven", "not-proven", "holder-not-named"]
    any_of: list[Coded]
    document_type: Coded | None
    source: Coded | None
    valid_until: date | None
    fields: list[MatchFieldView]

    @classmethod
    def of(cls, tried: Tried, language: str) -> MatchRequirementView:
        verdict, requirement = tried.verdict, tried.requirement
        content = verdict.record.content if verdict and verdict.record else None
        source = verdict.source if verdict else None
        return cls(
            requirement=requirement.key,
            holder=requirement.holder,
            result="holder-not-named" if verdict is None else "proven" if verdict.proven else "not-proven",
            any_of=[Coded.of("documents", code, language) for code in requirement.document_types],
            document_type=Coded.of("documents", verdict.document_type, language) if verdict else None,
            source=Coded.of("sources", source, language) if source else None,
            valid_until=content.valid_until if content else None,
            fields=[MatchFieldView.of(each, verdict.document_type, language) for each in verdict.findings]
            if verdict
            else [],
        )


class DryRunView(BaseModel):
    """What would match; `registered` says of each person named whether they could apply at all."""

    item: str
    all_proven: bool
    registered: dict[Role, bool]
    requirements: list[MatchRequirementView]

    @classmethod
    def of(cls, run: DryRun, language: str) -> DryRunView:
        return cls(
            item=run.item,
            all_proven=all(tried.verdict is not None and tried.verdict.proven for tried in run.tried),
            registered=dict(run.registered),
            requirements=[MatchRequirementView.of(tried, language) for tried in run.tried],
        )


class CountView(BaseModel):
    """How many records of a document type a source has, by status."""

    source: Source
    document_type: str
    status: Status
    count: int | None
    suppressed: bool
    text: str

    @classmethod
    def of(cls, counted: CountedItem, language: str) -> CountView:
        count = told(counted.count)
        return cls(
            source=counted.source,
            document_type=counted.document_type,
            status=counted.status,
            count=count,
            suppressed=count is None,
            text=TEXTS.say(
                language,
                "counted.records",
                document=Coded.of("documents", counted.document_type, language).name,
                source=Coded.of("sources", counted.source, language).name,
                status=TEXTS.say(language, f"statuses.{counted.status}"),
                count=_said(count, language),
            ),
        )


class MatchStatisticsView(BaseModel):
    """All evidence, counted at one moment.

    A count of fewer than five is null, and `suppressed` says that there is such a one; every other is rounded down to
    fives (standards/disclosure.py).
    """

    counted_at: datetime
    people: int | None
    registered: int | None
    total: int | None
    suppressed: bool
    text: str
    records: list[CountView]

    @classmethod
    def of(cls, statistics: Statistics, language: str) -> MatchStatisticsView:
        """Show a count."""
        parts = [one.count for one in statistics.records]
        counts = {
            "people": total(statistics.people, (statistics.registered, statistics.people - statistics.registered)),
            "registered": told(statistics.registered),
            "total": total(sum(parts), parts),
        }
        said = {name: _said(count, language) for name, count in counts.items()}
        return cls(
            counted_at=statistics.counted_at,
            **counts,
            suppressed=None in counts.values(),
            text=TEXTS.say(language, "counted.all", **said),
            records=[CountView.of(one, language) for one in statistics.records],
        )


def _said(count: int | None, language: str) -> str:
    return TEXTS.say(language, "counted.few") if count is None else str(count)
