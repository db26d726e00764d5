"""The answers to whoever sent a record: refused, with what was wrong, where, and what to do; or accepted, if asked."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

from bus.envelope import BrokenMessageError
from bus.event import Outcome, Refused, Reply
from records.parts import has_number, is_number
from runtime.texts import Texts

TEXTS = Texts.of("records")
_LONGEST = 200
"""Characters of what a stranger wrote that an answer repeats."""
_LONGEST_PATH = 500
_OTHER = "other"
_PERSON = "/data/person"
WITHIN = ("fields", "reason")
"""What a person's part may hold beside the number."""

log = structlog.get_logger()

Result = Literal["stored", "unchanged"]
Part = Literal["title", "rule", "action"]
PARTS: tuple[Part, ...] = ("title", "rule", "action")
Way = Literal["event", "line"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record: a code, the JSON pointer to the place, and the values that its texts mention."""

    reason: str
    path: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


class InBothLanguages(BaseModel):
    """A text in both languages; the keys are the languages' tags."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)
    zh_cn: str = Field(alias="zh-CN", description="In simplified Chinese")
    en: str = Field(description="In English")


class RecordRefused(Reply):
    """A record was not stored: why, where in the event, which rule it breaks, and what its sender can do."""

    event_id: str | None = Field(
        description="The id of the event, or of the AMQP message when it could not be read; null: neither"
    )
    record_id: str | None = Field(description="The record that the event was about; null: it could not be read")
    document_type: str | None = Field(description="The document type that the event named; null: it could not be read")
    reason: str = Field(description="A code for what is wrong")
    path: str = Field(description="JSON pointer to the place in the event; empty: the whole of it")
    rule: str = Field(description="What was expected there, in English")
    expected: InBothLanguages | None = Field(default=None, description="What was expected there, in both languages")
    title: InBothLanguages = Field(description="What the reason means, in both languages")
    action: InBothLanguages = Field(description="What to do, in both languages")
    at: datetime = Field(description="When it was refused")


class RecordAccepted(Reply):
    """A record is stored, or was held already as it is; sent when the event had the attribute `receipt`: `wanted`."""

    event_id: str = Field(description="The id of the event")
    record_id: str = Field(description="The keeper's own id of the record")
    sequence: int = Field(description="The record's sequence in the event")
    result: Result = Field(description="Whether anything was new: stored, or unchanged as it was held already")


def refusal(refused: Refused, kind: type[RecordRefused], known: Container[str], at: datetime) -> Outcome[None]:
    """Answer whoever sent it. `known` are the codes that have a queue of replies.

    Raises BrokenMessageError for a publisher that is no department: nobody would read the answer, an operator must.
    """
    if refused.publisher not in known:
        raise BrokenMessageError("unknown-department", "", f"{refused.publisher!r} is no department; {refused.reason}")
    log.info("record_refused", department=refused.publisher, reason=refused.reason, path=refused.path)
    said = refused.data if isinstance(refused.data, Mapping) else {}
    params = {"type": refused.type, "source": f"/yizheng/{refused.publisher}", **refused.params}
    path = moved(refused.path) if "person" in said else refused.path
    fault = Fault(refused.reason, pointer(path, {"data": refused.data}), params)
    expected = in_both("rule", fault)
    reply = kind(
        addressee=refused.publisher,
        event_id=refused.event_id,
        record_id=None if has_number(said.get("record_id")) else _text(said.get("record_id")),
        document_type=_text(said.get("document_type")),
        reason=refused.reason,
        path=fault.path,
        rule=expected.en,
        expected=expected,
        title=in_both("title", fault),
        action=in_both("action", fault),
        at=at,
    )
    is_safe = refused.case and not is_number(refused.case)
    return Outcome(events=[reply], case=refused.case if is_safe else refused.publisher)


def in_both(part: Part, fault: Fault) -> InBothLanguages:
    """Say what a reason means (`title`), what was expected (`rule`) or what to do (`action`) in both languages."""
    return InBothLanguages(zh_cn=say("zh-CN", part, fault), en=say("en", part, fault))


def say(language: str, part: Part, fault: Fault, way: Way = "event") -> str:
    """Say it in one language; `way` is how the record came, and so how it is sent again.

    A fault that has no text of its own, or lacks a value that its text mentions, is told in general words.
    """
    spoilt = f"spoilt.{fault.params.get('spoilt')}"
    own = {**fault.params, "sort": TEXTS.say(language, spoilt)} if TEXTS.has(spoilt) else fault.params
    expected = _say(language, _rule_of(fault), "rules.other", own)
    if part == "rule":
        return expected
    again = TEXTS.say(language, f"again.{way}")
    places = {**own, "expected": expected, "path": fault.path or "/", "again": again}
    return _say(language, f"reasons.{fault.reason}.{part}", f"reasons.{_OTHER}.{part}", places)


def _rule_of(fault: Fault) -> str:
    """Return the key of what was expected: that of the reason, of an attribute, or of the rule that was broken."""
    if fault.reason == "not-a-cloudevent":
        return f"rules.attribute-{fault.path.removeprefix('/')}"
    own = f"reasons.{fault.reason}.rule"
    return own if TEXTS.has(own) else f"rules.{fault.params.get('fault')}"


def _say(language: str, key: str, otherwise: str, places: Mapping[str, str | int]) -> str:
    try:
        return TEXTS.say(language, key, **places)
    except KeyError:
        return TEXTS.say(language, otherwise, **places)


def pointer(path: str, message: Mapping[str, object]) -> str:
    """Cut a path to what there is in the message and the first step that is missing from it.

    What a validator adds is cut off: which kind of value it tried last. Envelope attributes stay as they are.
    """
    place: object = message
    steps: list[str] = []
    for step in path.split("/")[1:]:
        if not isinstance(place, Mapping):
            break
        steps.append(step)
        place = place.get(step.replace("~1", "/").replace("~0", "~"))
    if path.startswith(f"{_PERSON}/") and steps == _PERSON.split("/")[1:]:
        return path[:_LONGEST_PATH]  # within what is encrypted: who opened it has cut the path
    return "".join(f"/{step}" for step in steps)[:_LONGEST_PATH]


def moved(path: str) -> str:
    """Return where in an event with an encrypted person a place of the opened record stands."""
    if path == "/data/holder_index":
        return f"{_PERSON}/number"
    within = any(path == f"/data/{name}" or path.startswith(f"/data/{name}/") for name in WITHIN)
    return path.replace("/data", _PERSON, 1) if within else path


def _text(value: object) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None
