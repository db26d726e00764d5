"""The report of a chaos run: for people, and as build/chaos.json."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from runtime.texts import Language, Texts
from tests.chaos.accounting import Account

TEXTS = Texts(Path(__file__).parent / "texts")
SHOWN = 10


class Told(BaseModel):
    """One fault: when it came (seconds from the first case on), for how long, and what it did.

    `stall` is for how many seconds a service with work waiting committed nothing, `stalled` the service; `latest` the
    longest time from an event of that time to its handling, `late` by which service; `answers` the gateway's bad ones.
    """

    model_config = ConfigDict(frozen=True)
    at: float
    kind: str
    target: str
    held: float
    stall: float
    stalled: str
    latest: float
    late: str
    answers: str


class Report(BaseModel):
    """Everything that a run found out. `quiet` is the longest stall before the first fault."""

    model_config = ConfigDict(frozen=True)
    minutes: float
    seed: int
    cases: int
    decided: int
    faults: tuple[Told, ...]
    quiet: float
    answers: dict[str, int]
    account: Account
    compared: dict[str, int]
    troubles: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there was work, and nothing of it is lost, doubled or unexpected."""
        return self.account.ok


def show(report: Report, language: Language, console: Console) -> None:
    """Print the report."""

    def text(key: str, **params: object) -> str:
        return TEXTS.say(language, key, **params)

    faults = Table(title=text("title", seed=report.seed))
    for key in ("at", "fault", "held", "stall", "latest", "answers"):
        faults.add_column(text(f"columns.{key}"), justify="left" if key in {"fault", "answers"} else "right")
    for each in report.faults:
        faults.add_row(
            f"{each.at:.0f} s",
            text(f"faults.{each.kind}", target=each.target),
            f"{each.held:.0f} s",
            f"{each.stall:.1f} s {each.stalled}",
            f"{each.latest:.1f} s {each.late}",
            each.answers,
        )
    console.print(faults)
    table = Table(show_header=False)
    for key, value in _rows(report):
        table.add_row(text(f"rows.{key}"), value)
    console.print(table)
    account = report.account
    for findings in (account.lost, account.doubled, account.unexpected, report.troubles):
        for finding in findings[:SHOWN]:
            console.print(finding, style="red", markup=False)


def _rows(report: Report) -> list[tuple[str, str]]:
    account = report.account
    return [
        ("cases", f"{report.decided} / {report.cases}"),
        ("attempted", f"{account.attempted}"),
        ("acknowledged", f"{account.acknowledged}"),
        ("lost", f"{len(account.lost)}"),
        ("doubled", f"{len(account.doubled)}"),
        ("unexpected", f"{len(account.unexpected)}"),
        ("recovered", f"{account.recovered}"),
        ("dead_letters", f"{account.dead_letters}"),
        ("compared", f"{sum(report.compared.values())}"),
        ("longest", f"{max((each.stall for each in report.faults), default=0):.1f} s"),
        ("quiet", f"{report.quiet:.1f} s"),
        ("answers", ", ".join(f"{count} × {name}" for name, count in report.answers.items()) or "0"),
    ]
