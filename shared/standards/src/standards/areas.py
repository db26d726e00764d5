"""Where an address lies, read from its front: province, city and district, by today's names and former ones.

Their names are data (`data/areas.yaml`). Elsewhere in an address a name says nothing: roads are called after cities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from runtime.data_files import load
from standards.address_text import LONGEST, normal

HAN = "一-鿿"


class _AreaModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Province(_AreaModel):
    """A province, its prefectures and county-level cities, by all names since 1980; `also`, what its own begins."""

    name: str
    short: str
    cities: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class Districts(_AreaModel):
    """The districts of a city; see the remarks in the data file."""

    districts: frozenset[str]
    unmistakable: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()


class Areas(_AreaModel):
    """All names."""

    districts: dict[str, Districts]
    successors: dict[str, frozenset[str]]
    provinces: tuple[Province, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """What the front of an address says; empty where it says nothing.

    Names are in the normal form of addresses and without the word of their kind (市, 区, 县), which stands beside
    them; the kind is empty where only the name was written (深圳龙华). `listed`: the city's name is known.
    """

    province: str = ""
    city: str = ""
    city_kind: str = ""
    district: str = ""
    district_kind: str = ""
    listed: bool = False


@dataclass(frozen=True, slots=True)
class _City:
    name: str
    kind: str
    province: str


_KINDS = ("特别合作区", "自治州", "地区", "新区", "市", "盟", "区", "县", "旗")
_NOT_AN_AREA = r"(?!场|花园|广场|公寓|大厦|小区|家园|民(?:中心|广场|公园|之家|大道|路|村|活动))"
_MARKET = re.compile("场|民(?:中心|广场|公园|之家)")  # of 市场, 市民中心
_ZONE = re.compile(r"^(深圳|珠海|汕头|厦门)市?(?:经济)?特区")  # a city by the name that it was known by
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国)")
_SEAT = re.compile(r"^市辖区")
_UNLISTED_CITY = re.compile(rf"^((?:(?![县区镇乡旗])[{HAN}]){{2,8}}?)(市{_NOT_AN_AREA}|自治州|地区|盟)")
_AREA_FOLLOWS = re.compile(rf"^生产建设兵团|^[0-9]?[{HAN}]{{1,7}}?(?:自治州|地区|市|区|县|盟|旗){_NOT_AN_AREA}")
# 小区, 社区, 园区 and the like are no districts.
_DISTRICT = re.compile(rf"^([{HAN}]{{0,7}}?[^\W小社园校片业宅厂库发景舍住市村期特0-9A-Z])(新区|区|县|旗)")
_DISTRICT_BELOW = re.compile(rf"^([0-9]?[{HAN}]{{0,7}}?[^\W小社园校片业宅厂库发景舍住市村期特0-9A-Z])(新区|区|县|旗)")
_COUNTY_TOWN = re.compile(rf"^([{HAN}]{{2,4}}?)(市){_NOT_AN_AREA}")
_STREET_FOLLOWS = re.compile(r"^(?!街道)[^路街巷道]{2,10}?(?:街道|办事处|镇|社区)")
_NOT_IN_A_NAME = re.compile(r"[路街巷号栋幢座楼]|大道|花园|广场")
_LONGEST_NAME = 16


def lies_in(text: str, city: str) -> bool | None:
    """Tell whether an address lies in a city (深圳); None when its front does not say so clearly.

    A district says its city only together with the province, for its name may occur in another (龙华区 of 海口). A
    province and city that do not belong together say nothing. Raises KeyError for a city that the data does not know
    (`knows_city`).
    """
    if len(text) > LONGEST:
        return None
    area, rest = read(normal(text))
    its, own = areas().districts[f"{city}市"], _cities()[normal(f"{city}市")]
    written = area.district + area.district_kind
    if any(f"{written}{rest}".startswith(normal(name)) for name in its.shared):
        return True if area.city == own.name and _belongs(area) else None
    if area.listed:
        return area.city == own.name if _belongs(area) else None
    return _by_district(area, written, its, own)


def _by_district(area: Area, written: str, its: Districts, own: _City) -> bool | None:
    """Answer for an address that names no known city."""
    if area.province and area.province != own.province:
        return False
    if area.city or not written:
        return None
    if written in map(normal, its.districts) and (area.province or written in map(normal, its.unmistakable)):
        return True
    return False if area.province or written in _towns() else None


@lru_cache(maxsize=1024)
def implied(area: Area) -> Area:
    """Add what the front of an address implies: a district of a known city its city, a city its province.

    A district whose name occurs in several cities is taken for the one that the data knows (龙华区: 深圳), unless
    another province or city was named.
    """
    city = area.city or _own_districts().get(area.district + area.district_kind, "")
    provinces = _by_name().get(city, frozenset())
    if area.province and area.province not in provinces:
        return area
    province = area.province or (next(iter(provinces)) if len(provinces) == 1 else "")
    return replace(area, city=city, province=province)


def knows_city(city: str) -> bool:
    """Tell whether `lies_in` can answer for a city."""
    return f"{city}市" in areas().districts


def _belongs(area: Area) -> bool:
    """Tell whether the province, if one is said, has a city of that name."""
    return not area.province or area.province in _by_name().get(area.city, ())


def is_successor(former: str, today: str) -> bool:
    """Tell whether one district, with the word of its kind, lies on the land of a former one."""
    return today in _successors().get(former, frozenset())


def read(written: str) -> tuple[Area, str]:
    """Read the area from an address in normal form; return it and what follows."""
    inside = _COUNTRY.sub("", written)
    province, rest = _province(inside)
    area, rest = _city(Area(province=province), rest)
    if inside != written and not (area.province or area.city):
        return Area(), written  # 中国大酒店 is a house
    return _district(area, rest)


@cache
def areas() -> Areas:
    """Return what ships with this package. Raises DataFileError naming file and line."""
    return load(Path(str(files("standards"))) / "data" / "areas.yaml", Areas)


def _province(text: str) -> tuple[str, str]:
    name = _longest(_provinces(), text)
    if not name:
        return "", text
    rest = text[len(name) :]
    if _provinces()[name] == name and not _area_follows(rest):
        return "", text
    return _provinces()[name], without_repetition(name, rest)


def _area_follows(rest: str) -> bool:
    """Tell whether a city or district stands behind a province's short name, or nothing: 湖南路 is a road."""
    return not rest or rest in _by_name() or bool(_AREA_FOLLOWS.match(rest) or _longest(_cities(), rest))


def _city(area: Area, text: str) -> tuple[Area, str]:
    text = _ZONE.sub(r"\1市", text)
    name = _longest(_cities(), text)
    if name and not _MARKET.match(text, len(name)):
        city = _cities()[name]
        if not (area.province and _towns().get(name) == area.province and city.province != area.province):
            found = replace(area, city=city.name, city_kind=city.kind, listed=True)
            return found, _SEAT.sub("", without_repetition(name, text[len(name) :]), count=1)
    if bare := _longest(_by_name(), text):
        rest = text[len(bare) :]
        if _district_follows(bare, rest):
            return replace(area, city=bare, listed=True), rest
    if _longest(_towns(), text):
        return area, text
    unlisted = _UNLISTED_CITY.match(text)
    if unlisted is None or _NOT_IN_A_NAME.search(unlisted.group(1)):
        return area, text
    rest = without_repetition(unlisted.group(), text[unlisted.end() :])
    return replace(area, city=unlisted.group(1), city_kind=unlisted.group(2)), _SEAT.sub("", rest, count=1)


def _district(area: Area, text: str) -> tuple[Area, str]:
    if name := _longest(_own_districts(), text):
        bare, kind = _split(name)
        if area.city in {"", _own_districts()[name]}:
            return replace(area, district=bare, district_kind=kind), without_repetition(name, text[len(name) :])
    if area.city and (bare := _longest(_bare_districts(), text)) and _bare_districts()[bare] == area.city:
        rest = text[len(bare) :]
        if not rest or _STREET_FOLLOWS.match(rest):
            return replace(area, district=bare), rest
    above = area.province or area.city
    found = (_DISTRICT_BELOW if above else _DISTRICT).match(text)
    if (found is None or _NOT_IN_A_NAME.search(found.group(1))) and (above or _longest(_towns(), text)):
        found = _COUNTY_TOWN.match(text)
    if found is None or _NOT_IN_A_NAME.search(found.group(1)):
        return area, text
    rest = without_repetition(found.group(), text[found.end() :])
    return replace(area, district=found.group(1), district_kind=found.group(2)), rest


def _district_follows(city: str, rest: str) -> bool:
    """Tell whether a district or a street office stands behind a city's bare name: 深圳路 is a road."""
    if not rest or _bare_districts().get(rest) == city:
        return True
    if city in _own_districts().values():
        return _own_districts().get(_longest(_own_districts(), rest)) == city or bool(_STREET_FOLLOWS.match(rest))
    found = _DISTRICT_BELOW.match(rest)
    return found is not None and re.search("[路街巷号栋幢座楼园苑湾庭居府]|大道|广场", found.group(1)) is None


def _longest(names: Mapping[str, object], text: str) -> str:
    """Return the longest of the names that a text begins with."""
    return next((text[:length] for length in range(_LONGEST_NAME, 1, -1) if text[:length] in names), "")


def without_repetition(name: str, rest: str) -> str:
    """Drop a name that is said again at once: 深圳市深圳市."""
    end = 0
    while rest.startswith(name, end):
        end += len(name)
    return rest[end:]


def _split(name: str) -> tuple[str, str]:
    """Return a name without the word of its kind, and that word."""
    kind = next((kind for kind in _KINDS if name.endswith(kind) and len(name) > len(kind)), "")
    return name.removesuffix(kind), kind


@cache
def _provinces() -> Mapping[str, str]:
    """Full and short name of each province that is no city, and what else it is called -> its short name."""
    there = [one for one in areas().provinces if one.name not in one.cities]
    return {normal(name): normal(one.short) for one in there for name in (one.name, one.short, *one.also)}


@cache
def _cities() -> Mapping[str, _City]:
    """Full name of each city -> the city."""
    each = ((one, city) for one in areas().provinces for city in one.cities)
    return {normal(city): _City(*_split(normal(city)), normal(one.short)) for one, city in each}


@cache
def _by_name() -> Mapping[str, frozenset[str]]:
    """Name of a city without its kind -> the provinces that have one of this name."""
    found: dict[str, frozenset[str]] = {}
    for city in _cities().values():
        found[city.name] = found.get(city.name, frozenset()) | {city.province}
    return found


@cache
def _towns() -> Mapping[str, str]:
    """Full name of each county-level city -> its province."""
    return {normal(town): normal(one.short) for one in areas().provinces for town in one.towns}


@cache
def _own_districts() -> Mapping[str, str]:
    """Full name of each district whose city is known -> the city's name."""
    return {
        normal(name): normal(city.removesuffix("市"))
        for city, its in areas().districts.items()
        for name in its.districts
    }


@cache
def _bare_districts() -> Mapping[str, str]:
    """Name of each of those districts without its kind -> the city's name."""
    return {_split(name)[0]: city for name, city in _own_districts().items()}


@cache
def _successors() -> Mapping[str, frozenset[str]]:
    return {normal(name): frozenset(map(normal, then)) for name, then in areas().successors.items()}
