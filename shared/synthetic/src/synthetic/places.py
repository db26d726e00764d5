"""Where the invented people come from and live: `data/places.yaml`, and the district's communities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

from pydantic import BaseModel, ConfigDict

from runtime.data_files import load
from standards.communities import offices


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Row):
    """A place that people come from: its area code, name, streets, and the authority that issues cards there."""

    area: str
    place: str
    streets: tuple[str, ...]
    authority: str


class SyntheticPlaces(_Row):
    """The origins of those registered in Longhua and of those from elsewhere, and the estates that flats are in."""

    longhua: Origin
    elsewhere: tuple[Origin, ...]
    estates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """A flat of Longhua: its address as certificates write it, and its community's code."""

    address: str
    community: str


@cache
def places() -> SyntheticPlaces:
    """Read `data/places.yaml`."""
    return load(Path(str(files("synthetic"))) / "data" / "places.yaml", SyntheticPlaces)


@cache
def communities() -> tuple[tuple[str, str], ...]:
    """Return every community's code and its name as addresses write it, behind its sub-district's."""
    return tuple(
        (community.code, f"{office.name.zh_cn}{community.name.zh_cn}")
        for office in offices()
        for community in office.communities
    )


def home(dice: Random) -> Home:
    """Make a flat somewhere in Longhua."""
    code, name = dice.choice(communities())
    return Home(address_in(dice, name), code)


def address_in(dice: Random, community_name: str) -> str:
    """Make an address in a community, e.g. 深圳市龙华区民治街道民乐社区幸福花园3栋502室."""
    building, floor, door = dice.randrange(1, 40), dice.randrange(1, 32), dice.randrange(1, 7)
    estate = dice.choice(places().estates)
    return f"深圳市龙华区{community_name}{estate}{building}栋{floor}{door:02d}室"
