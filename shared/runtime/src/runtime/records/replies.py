"""The answers to whoever sent a record: refused, with what was wrong, where, and what to do; or accepted, if asked."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

from messaging.envelope import BrokenMessageError
from messaging.event import Outcome, Refused, Reply
from runtime.texts import Texts

TEXTS = Texts.of("runtime.records")
_LONGEST = 200
"""Characters of what a stranger wrote that an answer repeats."""
_LONGEST_PATH = 500
_OTHER = "other"

log = structlog.get_logger()

Result = Literal["stored", "unchanged"]


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
    rule: str = Field(description="What was expected there")
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
    reply = kind(
        addressee=refused.publisher,
        event_id=refused.event_id,
        record_id=_text(said.get("record_id")),
        document_type=_text(said.get("document_type")),
        reason=refused.reason,
        path=pointer(refused.path, {"data": refused.data}),
        rule=refused.rule,
        title=in_both("title", refused.reason),
        action=in_both("action", refused.reason),
        at=at,
    )
    return Outcome(events=[reply], case=refused.case or refused.publisher)


def in_both(part: Literal["title", "action"], reason: str) -> InBothLanguages:
    """Say what a reason means (`title`) or what to do (`action`) in both languages."""
    return InBothLanguages(zh_cn=say("zh-CN", part, reason), en=say("en", part, reason))


def say(language: str, part: Literal["title", "action"], reason: str) -> str:
    """Say it in one language; a reason that has no text of its own is explained by path and rule."""
    key = f"reasons.{reason}.{part}"
    return TEXTS.say(language, key if TEXTS.has(key) else f"reasons.{_OTHER}.{part}")


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
    return "".join(f"/{step}" for step in steps)[:_LONGEST_PATH]


def _text(value: object) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None
