"""A dead letter: one message with everything that its service knew about why it gave it up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from operations.domain.cause import Cause, failure_id, group_id
from operations.domain.event_masks import redact

Header = str | int | float | bool | None


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
