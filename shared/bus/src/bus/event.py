"""Events as the services see them: what is published, what is received, what a handler hands back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

PERSONAL: dict[str, Any] = {"x-personal": True}
"""Marks a field that describes a person: its event is encrypted, and logs, operator tools and metrics mask it."""

PersonalStr = Annotated[str, Field(json_schema_extra=PERSONAL)]


class Event(BaseModel):
    """A fact that a service publishes. `type` is its routing key: `<publisher>.<event>.v<major>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: ClassVar[str]

    @property
    def routing_key(self) -> str:
        """Under which key it is published: its type."""
        return self.type


class Reply(Event):
    """An answer to one department system. Its routing key ends with the addressee, whose queue is bound to that."""

    addressee: str = Field(description="The code of the department that is answered")

    @property
    def routing_key(self) -> str:
        """Under which key it is published: its type and whom it is for."""
        return f"{self.type}.{self.addressee}"


class View(BaseModel):
    """A consumer's narrow view of somebody else's event: just the fields that it reads."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@cache
def describes_people(kind: type[Event]) -> bool:
    """Tell whether a field of an event is marked as personal, at any depth."""
    return b'"x-personal":true' in orjson.dumps(kind.model_json_schema())


ViewT = TypeVar("ViewT", bound=BaseModel)
ResultT = TypeVar("ResultT")


_CONFLICTS = 20
"""Times in a row that somebody else may be faster."""
REMEMBERED = timedelta(days=30)
"""How long the inbox knows what was handled (retention.yaml: handled-messages)."""


@dataclass(frozen=True, slots=True)
class EditedBy:
    """The operators who changed what an event says: one proposed it, another approved it."""

    proposed: str
    approved: str


@dataclass(frozen=True, slots=True)
class Received(Generic[ViewT]):
    """One event as a handler receives it.

    `id` is the CloudEvents id, `case` the correlationid (the application or registration that it belongs to),
    `cause` the causationid, `time` when it was published (UTC), `traceparent` the W3C trace context. `wants_receipt`
    when its sender, a department system, asked to be told that it was accepted (attribute `receipt`: `wanted`).
    `is_redelivered` when an operator has it delivered once more, although it may have been handled long ago;
    `was_handled` when this service did handle it before. `edited_by` when it is not what its publisher said, but what
    operators made of that. `lane`: what it is handled in order with, where that is not its case.
    """

    id: str
    type: str
    source: str
    case: str
    time: datetime
    data: ViewT
    cause: str | None = None
    traceparent: str | None = None
    wants_receipt: bool = False
    is_redelivered: bool = False
    was_handled: bool = False
    edited_by: EditedBy | None = None
    lane: str | None = field(default=None, repr=False)

    def may_have_been_handled(self, now: datetime) -> bool:
        """Tell whether a handler may see it a second time: the inbox keeps away what it remembers, and nothing else."""
        return self.is_redelivered or now - self.time > REMEMBERED


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be accepted, for the handler that answers its sender.

    `publisher` and `type` are those of the routing key, which the broker lets nobody forge. `event_id`, `case` and
    `data` are what could be read of it. `reason` is a code, `path` a JSON pointer, `rule` what was expected there;
    `params` are the values that a text about it mentions.
    """

    publisher: str
    type: str
    event_id: str | None
    case: str | None
    reason: str
    path: str
    rule: str
    data: object
    params: Mapping[str, str | int] = field(default_factory=dict)


class Change:
    """A write that a store has prepared and the commit applies. Opaque to handlers."""


ChangeT = TypeVar("ChangeT", bound=Change)


def expect_all(kind: type[ChangeT], changes: Iterable[Change]) -> list[ChangeT]:
    """Return changes as the kind that a store commits. Raises TypeError for any other: dropped, it would be lost."""
    expected = []
    for change in changes:
        if not isinstance(change, kind):
            message = f"this store commits {kind.__name__} and can't commit {type(change).__name__}"
            raise TypeError(message)
        expected.append(change)
    return expected


@dataclass(frozen=True, slots=True)
class Outcome(Generic[ResultT]):
    """What a handler decided: changes and events that are committed together, or not at all.

    `case` overrides the correlationid of the events (default: that of the message being handled; handlers of HTTP
    requests must set it when they publish). `result` is what an HTTP caller gets to see. `corrects`: the events may
    correct what was said when the message was handled before, so a re-delivery says them although nothing changed here.
    `accesses` tell whose data was shown or used (privacy/access_log.py), and are published with the events; None: that
    was not considered, so a look with such an outcome is refused.
    """

    changes: Sequence[Change] = ()
    events: Sequence[Event] = ()
    case: str | None = None
    result: ResultT | None = None
    corrects: bool = False
    accesses: Sequence[Event] | None = None

    @property
    def published(self) -> Sequence[Event]:
        return [*self.events, *(self.accesses or ())]


NOTHING: Outcome[Any] = Outcome()
"""The message is old news: remember that it was handled, change nothing."""


Commit = Callable[[Outcome[Any]], Awaitable[None]]
"""Commits an outcome outside of a message and of a request. Raises ConflictError when somebody was faster."""


class NotYet(Exception):
    """The event's subject is not known yet: try again later, without counting a failure."""


class ConflictError(Exception):
    """Somebody else changed the document between reading and writing; the handler is run again."""


class BlockedError(Exception):
    """Another open transaction was in the way of a commit for too long. Nothing is down: only this one has to wait."""


async def retry_overtaken(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Decide and commit, again when somebody else was faster. Raises ConflictError when that goes on and on."""
    for _ in range(_CONFLICTS - 1):
        with suppress(ConflictError):
            return await attempt()
    return await attempt()
