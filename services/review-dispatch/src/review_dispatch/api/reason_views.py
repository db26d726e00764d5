"""The standard reasons of a decision, as callers see them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field


class StandardReasonView(BaseModel):
    """A standard reason; `text` in the caller's language. A return for it asks to correct `field`, null: any."""

    code: str
    text: str
    field: str | None


class StandardReasonsView(BaseModel):
    """The standard reasons that a decision can name in `standard_reason`."""

    approval: list[StandardReasonView]
    rejection: list[StandardReasonView]
    to_return: Annotated[list[StandardReasonView], Field(serialization_alias="return")]
