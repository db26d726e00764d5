"""A run: the department's own messages are sent and answered, then the lessons that every sender must know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.client import (
    NO_ANSWER,
    SILENCE,
    STORED,
    UNCHANGED,
    UNROUTABLE,
    ClientAnswer,
    NoSystemError,
    SystemClient,
)
from conformance.drafts import Drafts
from conformance.lessons import LESSONS, Lesson
from conformance.messages import CheckedMessage
from records.replies import Fault

ACCEPTED = (STORED, UNCHANGED)


@dataclass(frozen=True, slots=True)
class File:
    """A file of the department's: what is wrong with it, and how it was answered if it could be sent."""

    name: str
    faults: tuple[Fault, ...]
    answer: ClientAnswer | None = None

    @property
    def is_right(self) -> bool:
        """Tell whether nothing is wrong with it, and the system took it if it was sent."""
        return not self.faults and (self.answer is None or self.answer.kind in ACCEPTED)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A lesson and how it was answered."""

    lesson: Lesson
    answer: ClientAnswer

    @property
    def is_right(self) -> bool:
        """Tell whether the system answered as it must."""
        return self.answer.kind == self.lesson.expects


def send_files(files: Iterable[CheckedMessage], client: SystemClient, run: str) -> Iterator[File]:
    """Send every right file, and yield all with what came of them."""
    for each in files:
        answer = None if each.faults else client.ask(each.ready(run))
        yield File(each.name, each.faults, answer)


def learn(client: SystemClient, drafts: Drafts) -> Iterator[Learnt]:
    """Send one lesson after the other. Raises NoSystemError when nobody answers even the first."""
    for lesson in LESSONS:
        if drafts.contract.is_city and not lesson.is_for_the_city:
            continue
        answer = (
            _hear_nothing(lesson, client, drafts) if lesson.expects == SILENCE else client.ask(lesson.write(drafts))
        )
        if lesson is LESSONS[0] and answer.kind in (NO_ANSWER, UNROUTABLE):
            raise NoSystemError("nobody-answers")
        yield Learnt(lesson, answer)


def _hear_nothing(lesson: Lesson, client: SystemClient, drafts: Drafts) -> ClientAnswer:
    """Send it, and then something that is answered: by then an answer to the first would have come, too."""
    message = lesson.write(drafts)
    heard = client.answers(message.id)
    turned_down = client.send(message)
    if turned_down is not None:
        return turned_down
    afterwards = client.ask(drafts.record(f"after-{lesson.name}", 1))
    if client.answers(message.id) > heard:
        return ClientAnswer("answered-again")
    return ClientAnswer(SILENCE) if afterwards.kind in ACCEPTED else afterwards
