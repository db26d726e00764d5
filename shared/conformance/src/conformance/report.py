"""What a run found: as tables for people, in Chinese or English, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.client import ClientAnswer, NoSystemError
from conformance.contract import Contract
from conformance.run import File, Learnt
from records import replies
from runtime.texts import Language, Texts

TEXTS = Texts.of("conformance")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run found. `problem` says why a part of it could not be tried out."""

    contract: Contract
    files: Sequence[File] = ()
    lessons: Sequence[Learnt] = ()
    problem: NoSystemError | None = None

    @property
    def is_right(self) -> bool:
        """Tell whether everything was tried out and is right."""
        return self.problem is None and self.wrong == 0

    @property
    def wrong(self) -> int:
        """How many of the files and lessons are not right."""
        return sum(not each.is_right for each in self.files) + sum(not each.is_right for each in self.lessons)

    def as_data(self, language: Language) -> dict[str, object]:
        return {
            "department": self.contract.department,
            "conforms": self.is_right,
            "problem": None
            if self.problem is None
            else {"code": self.problem.why, "text": why(self.problem, language)},
            "files": [
                {
                    "file": each.name,
                    "right": each.is_right,
                    "faults": [_told(fault, language) for fault in each.faults],
                    "answer": None if each.answer is None else asdict(each.answer),
                }
                for each in self.files
            ],
            "lessons": [
                {
                    "lesson": each.lesson.name,
                    "text": TEXTS.say(language, f"lessons.{each.lesson.name}"),
                    "expected": each.lesson.expects,
                    "answer": asdict(each.answer),
                    "right": each.is_right,
                }
                for each in self.lessons
            ],
        }


def show(report: Report, console: Console, language: Language) -> None:
    """Print it for people."""
    if report.files:
        console.print(_files(report, language))
    if report.lessons:
        console.print(_lessons(report, language))
    code = report.contract.department
    if report.problem is not None:
        console.print(escape(why(report.problem, language)), style="bold red", soft_wrap=True)
    if report.wrong:
        console.print(TEXTS.say(language, "does-not", department=code, count=report.wrong), style="bold red")
    if report.is_right:
        console.print(TEXTS.say(language, "conforms", department=code), style="bold green")


def why(problem: NoSystemError, language: Language) -> str:
    """Say why something could not be tried out and what to do about it."""
    return TEXTS.say(language, f"problems.{problem.why}", detail=problem.detail)


def _told(fault: replies.Fault, language: Language) -> dict[str, str]:
    """Return a fault in the words of an answer of the system."""
    place = {"reason": fault.reason, "path": fault.path}
    return {**place, **{part: replies.say(language, part, fault) for part in replies.PARTS}}


def spoken(answer: ClientAnswer, language: Language) -> str:
    """Say an answer in a few words, with its place and its rule if it refuses."""
    where = f"\n{answer.path}  {answer.rule_in(language)}".rstrip()
    return _kind(answer.kind, language) + where


def _kind(kind: str, language: Language, *, explained: bool = False) -> str:
    outcome, _, reason = kind.partition(":")
    meaning = f"\n{replies.say(language, 'title', replies.Fault(reason))}" if explained and reason else ""
    return f"{TEXTS.say(language, f'answers.{outcome}')} {reason}".rstrip() + meaning


def _files(report: Report, language: Language) -> Table:
    table = _table("files", ("file", "found"), report, language)
    for each in report.files:
        table.add_row(_mark(right=each.is_right), escape(each.name), escape(_found(each, language)))
    return table


def _found(each: File, language: Language) -> str:
    if each.faults:
        told = (_told(fault, language) for fault in each.faults)
        return "\n".join(f"{fault['path'] or '/'}  {fault['title']}\n→ {fault['action']}" for fault in told)
    return TEXTS.say(language, "not-sent") if each.answer is None else spoken(each.answer, language)


def _lessons(report: Report, language: Language) -> Table:
    table = _table("lessons-table", ("sent", "expected", "answered"), report, language)
    for each in report.lessons:
        sent = TEXTS.say(language, f"lessons.{each.lesson.name}")
        expected = _kind(each.lesson.expects, language, explained=True)
        table.add_row(_mark(right=each.is_right), sent, expected, escape(spoken(each.answer, language)))
    return table


def _table(name: str, columns: Sequence[str], report: Report, language: Language) -> Table:
    table = Table(title=TEXTS.say(language, f"titles.{name}", department=report.contract.department), show_lines=True)
    table.add_column("")
    for column in columns:
        table.add_column(TEXTS.say(language, f"columns.{column}"), overflow="fold")
    return table


def _mark(*, right: bool) -> str:
    return "[green]✓[/]" if right else "[red]✗[/]"
