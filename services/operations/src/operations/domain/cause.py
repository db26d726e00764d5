"""What failures have in common: the rule that a message broke, or the exception and the place that raised it."""

from __future__ import annotations

import re
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

_INDEX = re.compile(r"/\d+(?=/|$)")
_NUMBER = re.compile(r"\d+")


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


def group_id(service: str, event_type: str, cause: Cause) -> str:
    """Return the id of the group of a service's failures of one event type with one cause."""
    told = f"{service}\n{event_type}\n{cause.reason}\n{cause.path}\n{cause.rule}\n{cause.exception}\n{cause.frame}"
    return "g" + sha256(told.encode()).hexdigest()[:15]


def failure_id(service: str, body: bytes) -> str:
    return "f" + sha256(service.encode() + b"\n" + body).hexdigest()[:31]


def _general(rule: str) -> str:
    """Keep a rule's code: its sentence may quote the value or count characters of this one message."""
    return _NUMBER.sub("#", rule.partition(":")[0]).strip()
