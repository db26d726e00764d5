"""What all data of the domain has in common: it never changes, and it has no fields beyond its own."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Value = bool | int | str | list[str]
"""What a form, a claim or a credential's field can hold; dates are ISO 8601 text."""

PersonRole = Literal["applicant", "subject", "second-party"]
"""Who somebody is in an application: who acts, whom it is for, who must confirm."""


class ApplicationsModel(BaseModel):
    """Frozen data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Aggregate(ApplicationsModel):
    """Something that is stored on its own; `version` 0 is not stored yet. Fields of later releases are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    version: int = 0


class Localised(ApplicationsModel):
    """A text of the catalogue in both languages."""

    zh_cn: str = Field(alias="zh-CN", min_length=1)
    en: str = Field(min_length=1)

    def say(self, language: str) -> str:
        """Return the text in a language; Chinese unless it is English."""
        return self.en if language == "en" else self.zh_cn
