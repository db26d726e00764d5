"""The district's communities: where people are registered and by which work at the door is routed.

Which they are is data (`data/communities.yaml`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import load


class _CommunityModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CommunityName(_CommunityModel):
    """A name in both languages."""

    zh_cn: str = Field(alias="zh-CN")
    en: str


class Community(_CommunityModel):
    """A community workstation; its code begins with its office's."""

    code: Annotated[str, Field(pattern=r"^440309\d{6}$")]
    name: CommunityName


class Office(_CommunityModel):
    """A sub-district office and the communities under it."""

    code: Annotated[str, Field(pattern=r"^440309\d{3}$")]
    name: CommunityName
    communities: tuple[Community, ...]


@cache
def offices() -> tuple[Office, ...]:
    """Return the offices that ship with this package. Raises DataFileError naming file and line."""
    return load(Path(str(files("standards"))) / "data" / "communities.yaml", tuple[Office, ...])


def name_of(code: str) -> CommunityName:
    """Return a community's name; the code itself for one that the district does not have (any more)."""
    found = (each.name for office in offices() for each in office.communities if each.code == code)
    return next(found, CommunityName.model_validate({"zh-CN": code, "en": code}))


@cache
def codes() -> frozenset[str]:
    return frozenset(community.code for office in offices() for community in office.communities)
