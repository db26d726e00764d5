"""A failure: one message that one service could not handle, however often that was tried.

The same body that fails again in the same service is the same failure, seen once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from operations.domain.items import replay_of
from operations.domain.letter import Cause, Header, Letter
from runtime.clock import today
from runtime.errors import Conflict, Refusal, TextKey
from standards.bounds import is_said

State = Literal["open", "replaying", "resolved", "discarded"]
Resolution = Literal["handled", "ignored", "edited"]

DisplayState = State | Literal["replaced"]
"""The state as people are shown it: whether an edit helped is told by the edit, and by what became of its event."""

STATES: tuple[State, ...] = ("open", "replaying", "resolved", "discarded")

REMEMBERED = 1000
"""Letters by which one failure is recognised: more than can be delivered again after a kill, as one batch is less."""

LONGEST_REASON = 500


class Discarded(BaseModel):
    """Who put the failure away, when and why."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime
    reason: str


class Summary(BaseModel):
    """What a list shows of a failure: everything but what was in the message."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    service: str
    event_id: str
    event_type: str
    case: str = ""
    source: str = ""
    reason: str
    handler: str = ""
    path: str = ""
    rule: str = ""
    exception: str = ""
    frame: str = ""
    message: str = ""
    attempts: int
    size: int
    group: str
    first_seen: datetime
    last_seen: datetime
    seen: int
    state: State
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    replay: Annotated[str | None, AfterValidator(replay_of)] = None
    """The replay that holds it, or that sent it last; what was kept before names the item, too."""
    discarded: Discarded | None = None
    replaces: str | None = None
    """The event that its event replaces."""
    replaced_by: str | None = None
    """The failure of the event that replaces its event."""
    caused_by: str = ""
    """The event that caused its event."""

    @property
    def display_state(self) -> DisplayState:
        """The state as people are shown it: `replaced` is no success yet."""
        return "replaced" if self.state == "resolved" and self.resolution == "edited" else self.state

    @property
    def cause(self) -> Cause:
        """What it failed of, the last time."""
        return Cause.of(self.reason, path=self.path, rule=self.rule, exception=self.exception, frame=self.frame)


class Failure(Summary):
    """A failure with the whole message; `body` is None once the term of a discarded one is over."""

    body: bytes | None
    headers: Mapping[str, Header]
    stack: str
    occurrences: tuple[str, ...]
    words: tuple[str, ...] = ()
    """By what it is found."""


FailureT = TypeVar("FailureT", bound=Summary)


def first(letter: Letter, words: Iterable[str] = ()) -> Failure:
    """Return the failure that a letter is the first occurrence of."""
    return Failure(
        **_told_by(letter),
        id=letter.failure,
        group=letter.group,
        event_id=letter.event_id,
        case=letter.case,
        source=letter.source,
        size=len(letter.body),
        body=letter.body,
        first_seen=letter.at,
        last_seen=letter.at,
        seen=1,
        state="open",
        replay=letter.replay,
        replaces=letter.replaces,
        caused_by=letter.caused_by,
        occurrences=(letter.occurrence,),
        words=tuple(words),
    )


def again(failure: Failure, letter: Letter, words: Iterable[str] = ()) -> Failure:
    """Count one more occurrence; one that was counted before changes nothing.

    The latest letter is the one that is shown. What was closed is open again; what is being replayed stays so until
    it is its own replay that failed.
    """
    if letter.occurrence in failure.occurrences:
        return failure
    counted: dict[str, object] = {
        "first_seen": min(failure.first_seen, letter.at),
        "last_seen": max(failure.last_seen, letter.at),
        "seen": failure.seen + 1,
        "occurrences": (*failure.occurrences, letter.occurrence)[-REMEMBERED:],
    }
    if failure.body is None or letter.at >= failure.last_seen:
        counted |= _told_by(letter) | {"group": letter.group, "body": letter.body, "words": tuple(words)}
    goes_on = failure.state == "replaying" and failure.replay != replay_of(letter.replay)
    return failure.model_copy(update=counted if goes_on else counted | _OPEN)


def hold(failure: FailureT, replay: str) -> FailureT:
    """Return it taken up by a replay. Raises Conflict unless it is open."""
    if failure.state != "open":
        raise Conflict("failure-not-open", id=failure.id, state=named(failure))
    return failure.model_copy(update={"state": "replaying", "replay": replay})


def release(failure: FailureT) -> FailureT:
    """Return it open again after its replay was given up; one in any other state as it is."""
    return failure.model_copy(update=_OPEN) if failure.state == "replaying" else failure


def resolve(failure: FailureT, how: Resolution, at: datetime) -> FailureT:
    """Return it resolved; one that is already keeps how it was, and one put away stays so."""
    if failure.state in {"resolved", "discarded"}:
        return failure
    return failure.model_copy(update={"state": "resolved", "resolution": how, "resolved_at": at})


def discard(failure: FailureT, by: str, reason: str, at: datetime) -> FailureT:
    """Return it put away. Raises Conflict for one that is being replayed or not open."""
    if failure.state == "replaying":
        raise Conflict("failure-being-replayed", id=failure.id, replay=failure.replay or "")
    if failure.state != "open":
        raise Conflict("failure-not-open", id=failure.id, state=named(failure))
    return failure.model_copy(update={"state": "discarded", "discarded": Discarded(by=by, at=at, reason=reason)})


def restore(failure: FailureT, at: datetime, term: timedelta) -> FailureT:
    """Return a discarded one open again. Raises Conflict for one that is not discarded, or too long ago."""
    if failure.discarded is None or failure.state != "discarded":
        raise Conflict("failure-not-discarded", id=failure.id, state=named(failure))
    if at - failure.discarded.at > term:
        raise Conflict("undo-too-late", id=failure.id, days=term.days, since=today(failure.discarded.at))
    return failure.model_copy(update=_OPEN)


def named(failure: Summary) -> TextKey:
    """Return the word for a failure's state, for a refusal."""
    return TextKey(f"web.states.{failure.display_state}")


def stated(reason: str | None) -> str:
    """Return the reason that an operator gave. Raises Refusal when there is none."""
    if reason is None or not is_said(reason):
        raise Refusal("reason-missing", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refusal("reason-too-long", field="reason", most=LONGEST_REASON)
    return reason.strip()


def _told_by(letter: Letter) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in _TOLD}


_OPEN: dict[str, object] = {
    "state": "open",
    "resolution": None,
    "resolved_at": None,
    "discarded": None,
}

_TOLD = (
    "service",
    "headers",
    "event_type",
    "reason",
    "handler",
    "path",
    "rule",
    "exception",
    "frame",
    "message",
    "stack",
    "attempts",
)
