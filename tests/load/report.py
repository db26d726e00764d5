"""The report of a run: for people, and as build/load.json."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from runtime.texts import Language, Texts
from tests.load.figures import Figures, Spread

TEXTS = Texts(Path(__file__).parent / "texts")
SHOWN = 10


class Report(BaseModel):
    """Everything that a run found out. `lost` and `doubled` count findings of the audit, which stand below them.

    `processor_ms_per_case` is the processor time (ms) that each process took while the cases ran, divided by the cases.
    """

    model_config = ConfigDict(frozen=True)
    cases: int
    seed: int
    day: str
    registered: int
    records: int
    flaws: dict[str, float]
    seconds: dict[str, float]
    processor_ms_per_case: dict[str, float]
    figures: Figures
    lost: int
    doubled: int
    lost_findings: tuple[str, ...]
    doubled_findings: tuple[str, ...]
    compared: dict[str, int]
    troubles: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was decided, nothing lost and nothing doubled."""
        return self.figures.decided == self.cases and not self.lost and not self.doubled


def show(report: Report, language: Language, console: Console) -> None:
    """Print the report."""
    table = Table(title=TEXTS.say(language, "title", cases=report.cases, seed=report.seed), show_header=False)
    for key, value in _rows(report, language):
        table.add_row(TEXTS.say(language, f"rows.{key}"), value)
    console.print(table)
    for finding in (*report.lost_findings[:SHOWN], *report.doubled_findings[:SHOWN], *report.troubles[:SHOWN]):
        console.print(finding, style="red", markup=False)


def _rows(report: Report, language: Language) -> list[tuple[str, str]]:
    figures = report.figures
    sources = ", ".join(
        f"{TEXTS.say(language, f'sources.{name}')} {count}" for name, count in figures.proven_by.items()
    )
    compared = ", ".join(f"{TEXTS.say(language, f'compared.{key}')} {count}" for key, count in report.compared.items())
    return [
        ("registered", f"{report.registered}"),
        ("decided", f"{figures.decided} / {report.cases}"),
        ("approved", f"{figures.approved} / {figures.rejected}"),
        ("automatic", _part(figures.automatic, figures.decided)),
        ("by_person", _part(figures.by_person, figures.decided)),
        ("sources", sources),
        ("not_handed_in", _part(figures.not_handed_in_again, figures.requirements)),
        ("all_cases", _spread(figures.all_cases)),
        ("automatic_cases", _spread(figures.automatic_cases)),
        ("rate", f"{figures.cases_per_second:.1f}"),
        ("processor", _processor(report.processor_ms_per_case)),
        ("lost", f"{report.lost}"),
        ("doubled", f"{report.doubled}"),
        ("compared", compared),
        ("digest", figures.digest),
    ]


def _part(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"


def _processor(by_process: dict[str, float]) -> str:
    dearest = sorted(by_process.items(), key=lambda each: -each[1])
    return ", ".join((f"{sum(by_process.values()):.0f} ms", *(f"{name} {each:.0f}" for name, each in dearest)))


def _spread(spread: Spread) -> str:
    return f"p50 {spread.p50:.2f} s, p95 {spread.p95:.2f} s, p99 {spread.p99:.2f} s"
