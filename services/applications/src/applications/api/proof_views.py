"""Where proofs came from, and which document types no longer need people to look at them.

Counts are told as in `statistics.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Self

from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.domain.statistics import CITY_MIRROR, Criterion, ProofFigures, Readiness
from standards.disclosure import share, told


class SourceView(BaseModel):
    """How many proofs came from a source, and how many of them nobody had to hand in anything for."""

    source: str
    source_name: str
    proofs: int | None
    not_handed_in: int | None
    suppressed: bool
    text: str

    @classmethod
    def of(cls, source: str, rows: Iterable[ProofFigures], wording: Labels) -> Self:
        """Add up a source; `rows` are as they may be told."""
        own = [row for row in rows if row.source == source]
        proofs = sum(row.proofs for row in own) or None
        spared = sum(row.proofs - row.handed_in for row in own) or None
        name = wording.source(source)
        return cls(
            source=source,
            source_name=name,
            proofs=proofs,
            not_handed_in=spared,
            suppressed=None in (proofs, spared),
            text=wording.say("figures.source", source=name, proofs=wording.count(proofs), spared=wording.count(spared)),
        )


class DocumentTypeView(BaseModel):
    """Whether human review of a document type could be switched off now."""

    document_type: LabelledCode
    department: LabelledCode
    reviewed_by: str
    proofs: int | None
    by_source: dict[str, int | None]
    city_mirror_share: float | None
    can_switch_off: bool
    proofs_missing: int
    suppressed: bool
    text: str

    @classmethod
    def of(cls, ready: Readiness, switched: Collection[str], criterion: Criterion, wording: Labels) -> Self:
        """Show the judgement and say why; `switched` are those that officials have switched off."""
        kind = wording.catalogue.document_types.get(ready.document_type)
        review = "automatic" if ready.document_type in switched else kind.review if kind else "people"
        mirror = ready.by_source.get(CITY_MIRROR, 0)
        said = "off-already" if review == "automatic" else "can" if ready.can_switch_off else "cannot"
        proofs = ready.proofs or None
        by_source = {source: told(count) for source, count in ready.by_source.items()}
        return cls(
            document_type=wording.document(ready.document_type),
            department=wording.department(kind.department if kind else ""),
            reviewed_by=review,
            proofs=proofs,
            by_source=by_source,
            city_mirror_share=share(mirror, ready.proofs),
            can_switch_off=ready.can_switch_off,
            proofs_missing=max(0, criterion.minimum_proofs - (proofs or 0)),
            suppressed=None in (proofs, *by_source.values()),
            text=wording.say(
                f"switching-off.{said}",
                proofs=wording.count(proofs),
                share=wording.share(mirror, ready.proofs),
                minimum=criterion.minimum_proofs,
                wanted=f"{criterion.city_mirror_share:.1%}",
            ),
        )
