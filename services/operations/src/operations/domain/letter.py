"""A dead letter: one message with everything that its service knew about why it gave it up.

Its cause is what it has in common with others: the rule that it broke, or the exception and the place that raised it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

from operations.domain.event_masks import redact

_INDEX = re.compile(r"/\d+(?=/|$)")
_NUMBER = re.compile(r"\d+")

Header = str | int | float | bool | None


class Cause(BaseModel):
    """The cause of a failure, without anything that differs from message to message."""

    model_config = ConfigDict(frozen=True)

    reason: str
    path: str = ""
    """Where in the message (JSON pointer, `*` for any place of a list), for one that is broken."""
    rule: str = ""
    """What was expected there."""
    exception: str = ""
    frame: str = ""
    """The innermost place of our own code: `matcher/handlers/document_match.py match`."""

    @classmethod
    def of(cls, reason: str, *, path: str = "", rule: str = "", exception: str = "", frame: str = "") -> Cause:
        """Reduce what is known of a failure to its cause."""
        if path:
            return cls(reason=reason, path=_INDEX.sub("/*", path), rule=_general(rule))
        if frame or exception:
            return cls(reason=reason, exception=exception, frame=frame)
        return cls(reason=reason)

    @property
    def title(self) -> str:
        """One line that names it."""
        return " · ".join(part for part in (self.reason, self.path, self.rule, self.exception, self.frame) if part)


class Letter(BaseModel):
    """One dead letter; `occurrence` tells it from every other, also when it is delivered again."""

    model_config = ConfigDict(frozen=True)

    occurrence: str
    service: str
    body: bytes
    headers: Mapping[str, Header]
    event_id: str
    event_type: str
    case: str
    source: str
    reason: str
    handler: str = ""
    path: str = ""
    rule: str = ""
    exception: str = ""
    frame: str = ""
    message: str = ""
    stack: str = ""
    attempts: int = 0
    at: datetime
    replay: str | None = None
    """The replay item by which it was sent, when it failed again."""
    replaces: str | None = None
    """The event that its event replaces, when somebody edited that."""
    caused_by: str = ""
    """The event that caused its event."""

    @cached_property
    def failure(self) -> str:
        """The id of the failure that it is an occurrence of."""
        return failure_id(self.service, self.body)

    @cached_property
    def cause(self) -> Cause:
        """What it failed of, told like all others that failed of the same."""
        return Cause.of(self.reason, path=self.path, rule=self.rule, exception=self.exception, frame=self.frame)

    @cached_property
    def group(self) -> str:
        """The id of the group of failures with the same cause."""
        return group_id(self.service, self.event_type, self.cause)

    def without(self, personal: Collection[str]) -> Letter:
        """Return it with nothing personal in what lists show of it; its cause stays the same.

        A rule begins with a code of ours and goes on with a sentence that may quote the value.
        """
        code, colon, sentence = self.rule.partition(":")
        rule = code + colon + redact(sentence, personal)
        return self.model_copy(update={"message": redact(self.message, personal), "rule": rule})


def group_id(service: str, event_type: str, cause: Cause) -> str:
    """Return the id of the group of a service's failures of one event type with one cause."""
    told = f"{service}\n{event_type}\n{cause.reason}\n{cause.path}\n{cause.rule}\n{cause.exception}\n{cause.frame}"
    return "g" + sha256(told.encode()).hexdigest()[:15]


def failure_id(service: str, body: bytes) -> str:
    return "f" + sha256(service.encode() + b"\n" + body).hexdigest()[:31]


def _general(rule: str) -> str:
    """Keep a rule's code: its sentence may quote the value or count characters of this one message."""
    return _NUMBER.sub("#", rule.partition(":")[0]).strip()
