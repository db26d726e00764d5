"""Finding failures, reading one, and moving them between their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bus.event import Outcome
from operations.domain import event_masks, tokens
from operations.domain import failure as states
from operations.domain.concerned import data_of
from operations.domain.event_masks import Masked
from operations.domain.failure import Failure, State, Summary
from operations.domain.faults import BrokenAt, EventFault, broken_at, faults_in, remedy_for
from operations.domain.letter import Header
from operations.domain.search import ChosenFailures, Criteria, Place
from operations.handlers.access_events import unmasked
from operations.handlers.dependencies import Deps
from runtime.errors import Conflict, NotFound

Relation = Literal["same-event", "same-cause", "its-cause", "caused-by-this"]
MOST_RELATED = 20


@dataclass(frozen=True, slots=True)
class ShownFailure:
    """A failure as an operator sees it: nothing personal in body, headers, message, rule and stack."""

    failure: Failure
    body: Masked | None
    """None when the message is gone, as its term after a discard is over."""
    headers: Mapping[str, Header]
    message: str
    rule: str
    stack: str
    faults: Sequence[EventFault] = ()
    """What is wrong with the message itself, and where."""
    broken_at: BrokenAt | None = None
    """Where it stops being JSON."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another failure that goes back to the same event, and how."""

    failure: Summary
    relation: Relation


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A message in clear: JSON if it is some, otherwise its text or, if it is none either, its bytes in hex."""

    failure: Failure
    content: object
    text: str | None
    message: str
    stack: str

    @property
    def version(self) -> int:
        """The failure's; looking does not change it."""
        return self.failure.version


async def search(criteria: Criteria, after: Place | None, limit: int, deps: Deps) -> Sequence[Summary]:
    """Return a page of failures, the latest first, and one more to tell whether there is a next page.

    Raises Refusal for a text or a field that nothing can be found by.
    """
    words = tokens.wanted(criteria, deps.words_key)
    return await deps.failures.search(criteria, words, after=after, limit=limit + 1)


async def find(id: str, deps: Deps) -> Failure:
    """Return one failure with its message. Raises NotFound."""
    found = await deps.failures.get(id)
    if found is None:
        raise NotFound("failure-unknown", id=id)
    return found


def show(failure: Failure, deps: Deps) -> ShownFailure:
    """Mask a failure by the contract of its event."""
    if failure.body is None:
        return ShownFailure(failure, None, {}, failure.message, failure.rule, failure.stack)
    body = deps.cipher.decrypted_body(failure.body)
    event, is_json = event_masks.read(body)
    personal = event_masks.personal_texts(event_masks.leaves(event, deps.contracts)) if is_json else frozenset()
    headers = {
        name: event_masks.redact(value, personal) if isinstance(value, str) else value
        for name, value in failure.headers.items()
    }
    rule = event_masks.redact(failure.rule, personal)
    is_its_own = remedy_for(failure.reason) == "edit"
    return ShownFailure(
        failure,
        event_masks.mask(body, deps.contracts),
        headers,
        event_masks.redact(failure.message, personal),
        rule,
        event_masks.redact(failure.stack, personal),
        faults_in(body, failure.path, rule, deps.contracts) if is_its_own else (),
        broken_at(body) if not is_json else None,
    )


async def related(failure: Failure, deps: Deps) -> Sequence[Related]:
    """Return other failures of the same event, of its cause, and of what the same event caused; the latest first."""
    caused_by = failure.caused_by or _cause_in(failure.body)
    found = await deps.failures.around(failure.event_id, caused_by, MOST_RELATED + 1)
    others = [each for each in found if each.id != failure.id]
    return [Related(each, _relation(each, failure.event_id, caused_by)) for each in others]


def _relation(other: Summary, event_id: str, caused_by: str) -> Relation:
    if other.event_id == event_id:
        return "same-event"
    if event_id and other.caused_by == event_id:
        return "caused-by-this"
    return "same-cause" if other.caused_by == caused_by else "its-cause"


def _cause_in(body: bytes | None) -> str:
    event = event_masks.read(body)[0] if body else None
    cause = event.get("causationid") if isinstance(event, dict) else None
    return cause if isinstance(cause, str) else ""


async def disclose(id: str, reason: str | None, by: str, deps: Deps) -> Outcome[Disclosed]:
    """Show a message in clear to an operator who says why; it is recorded. Raises Refusal, NotFound, Conflict."""
    why = states.stated(reason)
    failure = await find(id, deps)
    if failure.body is None:
        raise Conflict("message-removed", id=id)
    entry = await deps.audit.entry(
        by=by, action="failure-disclosed", target=id, reason=why, details={"event": failure.event_id}
    )
    content, is_json = event_masks.read(deps.cipher.decrypted_body(failure.body))
    text = None if is_json else _text(failure.body)
    message = str(failure.headers.get("x-message") or failure.message)  # that of the failure is masked
    told = unmasked([data_of(content)], by, why, deps)
    shown = Disclosed(failure, content, text, message, failure.stack)
    return Outcome(changes=entry, accesses=told, case=failure.case or id, result=shown)


async def select(
    chosen: ChosenFailures, deps: Deps, *, wanted: Sequence[State] = ("open",), most: int
) -> tuple[Sequence[Summary], bool]:
    """Return what is chosen, the latest first, at most `most`, and whether there is more.

    By id all must exist, in whatever state they are; of a group or a search, those in the wanted states. Raises
    Refusal, NotFound.
    """
    chosen.check()
    if chosen.failures is not None:
        ids = tuple(dict.fromkeys(chosen.failures))
        found = await deps.failures.summaries(ids[:most])
        missing = [id_ for id_ in ids[:most] if id_ not in found]
        if missing:
            raise NotFound("failures-unknown", ids=", ".join(missing[:5]), count=len(missing))
        return [found[id_] for id_ in ids[:most]], len(ids) > most
    criteria = chosen.search or Criteria(group=chosen.group)
    asked = criteria.model_copy(update={"states": tuple(wanted)})
    matching = await search(asked, None, most, deps)
    return matching[:most], len(matching) > most


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.hex(" ")
