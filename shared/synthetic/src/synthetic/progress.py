"""Progress bars for whoever waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]


class Bars:
    """Shows one bar after the other; on something that is no terminal, a line when each is done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=self.console)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show bars within this."""
        if self.console.is_terminal:
            with self._progress:
                yield
        else:
            yield

    @contextmanager
    def bar(self, description: str, total: int | None) -> Iterator[Advance]:
        """Show one bar; calling what it gives moves it on."""
        task = self._progress.add_task(description, total=total)
        yield lambda steps: self._progress.update(task, advance=steps)
        self._progress.update(task, total=self._progress.tasks[task].completed)
        if not self.console.is_terminal:
            self.console.print(f"{description}: {self._progress.tasks[task].completed:.0f}", highlight=False)
