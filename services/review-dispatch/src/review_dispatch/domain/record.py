"""What every piece of this domain is: frozen, and refusing what it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Value = str | bool | int | list[str]
"""A field of a document: text, a date as ISO 8601 text, a flag, a count, or a list of names."""


class DispatchModel(BaseModel):
    """A frozen piece of data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentHolder(DispatchModel):
    """Whose document it is; `index` is the blind index of the identity number."""

    resident_id: str
    index: str
