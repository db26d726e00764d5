"""The figures of a run, computed from what the stores say."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

Document = Mapping[str, Any]


class Spread(BaseModel):
    """Seconds that so many cases took."""

    model_config = ConfigDict(frozen=True)
    cases: int
    p50: float
    p95: float
    p99: float


class Figures(BaseModel):
    """What became of the cases."""

    model_config = ConfigDict(frozen=True)
    decided: int
    approved: int
    rejected: int
    automatic: int
    by_person: int
    requirements: int
    proven_by: dict[str, int]
    not_handed_in_again: int
    all_cases: Spread
    automatic_cases: Spread
    cases_per_second: float
    digest: str


def figures(applications: Mapping[str, Document], numbers: Mapping[str, int]) -> Figures:
    """Compute them; `numbers` says which application is which case."""
    decided = [each for each in applications.values() if each["state"] in ("approved", "rejected")]
    automatic = [each for each in decided if not took_people(each)]
    proofs = [proof for each in decided for proof in proofs_of(each)]
    return Figures(
        decided=len(decided),
        approved=sum(each["state"] == "approved" for each in decided),
        rejected=sum(each["state"] == "rejected" for each in decided),
        automatic=len(automatic),
        by_person=len(decided) - len(automatic),
        requirements=sum(len(each["asked"]) for each in decided),
        proven_by=dict(sorted(Counter(source for _, _, source in proofs).items())),
        not_handed_in_again=sum(_without_scan(each) for each in decided),
        all_cases=spread(map(seconds, decided)),
        automatic_cases=spread(map(seconds, automatic)),
        cases_per_second=_rate(decided),
        digest=digest({numbers[id_]: each for id_, each in applications.items() if id_ in numbers}),
    )


def took_people(application: Document) -> bool:
    """Tell whether any person had to look at anything."""
    reviewed = any(asked["task"] or asked["review"] for asked in application["asked"])
    return bool(reviewed or application["check"] or application["ruling"])


def proofs_of(application: Document) -> list[tuple[str, str, str]]:
    """Return what proved each requirement: its key, the document type, and the source or `person`."""
    found = []
    for asked in application["asked"]:
        match, review = asked["match"], asked["review"]
        if match and match["proven"]:
            found.append((asked["key"], match["document_type"], match["source"]))
        elif review and review["verdict"] == "approved":
            found.append((asked["key"], review["document_type"], "person"))
    return found


def digest(by_number: Mapping[int, Document]) -> str:
    """Name the outcomes: the same for two runs exactly when every case ended in the same way.

    What had been proven when a case was rejected depends on who came first, and does not count.
    """
    lines = [
        f"{number} {each['item']} {each['state']} {sorted(proofs_of(each)) if each['state'] == 'approved' else ''}"
        for number, each in sorted(by_number.items())
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def seconds(application: Document) -> float:
    """Return how long it took from the submission to the decision."""
    return float((application["decided_at"] - application["submitted_at"]).total_seconds())


def spread(values: Iterable[float]) -> Spread:
    """Return the percentiles by nearest rank; zeros for nothing."""
    ordered: list[float] = sorted(values)
    return Spread(cases=len(ordered), p50=_rank(ordered, 50), p95=_rank(ordered, 95), p99=_rank(ordered, 99))


def _rank(ordered: list[float], percent: int) -> float:
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1] if ordered else 0.0


def _without_scan(application: Document) -> int:
    scanned = {scan["requirement"] for scan in application.get("scans", ())}
    return sum(key not in scanned for key, _, _ in proofs_of(application))


def _rate(decided: Sequence[Document]) -> float:
    if not decided:
        return 0.0
    first = min(each["submitted_at"] for each in decided)
    last = max(each["decided_at"] for each in decided)
    return len(decided) / max(float((last - first).total_seconds()), 0.001)
