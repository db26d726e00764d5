"""Addresses taken apart: province, city, district, street, community, place, building, unit and room.

What is not said is empty. Two writings of one address are taken apart alike: traditional or simplified characters,
full-width letters, numerals in any script, with or without the words that only name the kind (栋, 号楼, 室).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from matcher.domain.numerals import with_arabic_digits
from standards.script import simplified


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address, each without the word that names its kind; `written` is all of it, normalised.

    `road` and `number` (梅龙路, 12) and `estate` (梅陇镇花园) together say the place; `building`, `unit` and `room` say
    where in it.
    """

    written: str
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    community: str = ""
    road: str = ""
    number: str = ""
    estate: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""


_HAN = "一-鿿"
_NOT_IN_A_NAME = re.compile(r"[路街巷号栋幢座楼]")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−─－~～〜至", "-"))
_BETWEEN = re.compile(r"(?<=[0-9A-Z])[^0-9A-Z#\w-]+(?=[0-9A-Z])")
_OTHER = re.compile(r"[^\w#-]+|_+")

_COUNTRY = re.compile(r"^(?:中华人民共和国|中国)")
_PROVINCE = re.compile(rf"^([{_HAN}]{{2,8}}?)(?:省|自治区|特别行政区)")
_CITY = re.compile(rf"^([{_HAN}]{{2,8}}?)(?:市(?![场民政])|自治州|地区|盟)(?:市辖区)?")
# 小区, 社区, 园区 and the like are no districts.
_DISTRICT = re.compile(rf"^([{_HAN}]{{0,7}}?[^\W小社园校片业宅厂库发景舍住市山0-9A-Z])(?:新区|区|县|旗)")
_COUNTY_TOWN = re.compile(rf"^([{_HAN}]{{2,4}}?)市(?![场民政])")
_STREET = re.compile(rf"^([{_HAN}]{{2,10}}?)(?:街道办事处|街道办|街道|办事处)")
_TOWNSHIP = re.compile(rf"^([{_HAN}]{{1,6}}?)(?:镇|乡)(?!花园|广场|小区|公寓)")
_COMMUNITY = re.compile(
    rf"^([{_HAN}0-9]{{1,10}}?)"
    r"(?:社区居民委员会|社区居委会|社区居委|社区工作站|社区|居民委员会|居委会|居委|村民委员会|村委会|村委|行政村)"
)
_ROAD = re.compile(r"^(.*(?:大道|路|街|巷|胡同|弄))(?:([0-9A-Z]+(?:-[0-9A-Z]+)*)号(?!楼|房|栋|幢))?")
_BUILDING = re.compile(
    r"-?([0-9A-Z]+(?:-[0-9A-Z]+)*|[甲-癸]|[东南西北中](?=[座塔]))(?:号楼|号栋|号幢|栋|幢|座|塔|#楼|#)楼?"
)
_WITHIN = re.compile(
    r"-?(?:(?P<unit>[0-9A-Z]+|[甲乙丙丁])(?:单元|门|梯)-?)?"
    r"(?:(?P<floor>[0-9]+)(?:楼|层|F)-?)?"
    r"(?:(?:(?P<before>[0-9A-Z]+)-)?(?P<room>[0-9A-Z]+)(?:室|号房|号|房间|房|户|单位|铺位|铺)?)?"
)
_ENDING = re.compile(
    r"(?<![0-9A-Z-])(?:(?P<building>[0-9A-Z]+)-)?"
    r"(?:(?P<unit>[0-9A-Z]+|[甲乙丙丁])(?:单元|门|梯|-)-?)?"
    r"(?:(?P<floor>[0-9]+)(?:楼|层|F)-?)?"
    r"(?:(?P<room>[0-9A-Z]+)(?:室|号房|房间|房|户|单位|铺位|铺)?)?$"
)
_LONGEST_ROOM_ON_A_FLOOR = 2


@lru_cache(maxsize=4096)
def parse(text: str) -> Address:
    """Take an address apart. Never fails: what can't be understood is part of `estate`."""
    written = normal(text)
    rest = _COUNTRY.sub("", written)
    province, rest = _take(_PROVINCE, rest)
    city, rest = _take(_CITY, rest)
    district, rest = _take(_DISTRICT, rest)
    if city and not district:
        district, rest = _take(_COUNTY_TOWN, rest)
    street, rest = _take(_STREET, rest)
    if not street:
        street, rest = _take(_TOWNSHIP, rest)
    community, rest = _take(_COMMUNITY, rest)
    levels = {"province": province, "city": city, "district": district, "street": street, "community": community}
    return Address(written, **levels, **_place(rest))


def normal(text: str) -> str:
    """Return an address in one script: simplified, half-width, upper case, Arabic digits, without punctuation."""
    digits = with_arabic_digits(simplified(text))
    plain = unicodedata.normalize("NFKC", digits).upper().translate(_DASHES)
    return _OTHER.sub("", _BETWEEN.sub("-", plain)).strip("-")


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    """Return what the pattern names at the beginning, and what follows; nothing if the name can't be one."""
    found = pattern.match(text)
    if found is None or _NOT_IN_A_NAME.search(found.group(1)):
        return "", text
    return found.group(1), text[found.end() :]


def _place(text: str) -> dict[str, str]:
    road, number, rest = _road(text)
    found = _BUILDING.search(rest)
    if found is None:
        return {"road": road, "number": number, **_without_building(rest)}
    buildings, after = [found.group(1)], rest[found.end() :]
    while following := _BUILDING.match(after):
        buildings.append(following.group(1))
        after = after[following.end() :]
    building = "-".join(map(_short, buildings))
    return {
        "road": road,
        "number": number,
        "estate": _estate(rest[: found.start()]),
        "building": building,
        **_within(after),
    }


def _road(text: str) -> tuple[str, str, str]:
    """Return road, house number and the rest; a road is looked for only before the building."""
    building = _BUILDING.search(text)
    found = _ROAD.match(text[: building.start()] if building else text)
    if found is None:
        return "", "", text
    return found.group(1), found.group(2) or "", text[found.end() :]


def _without_building(text: str) -> dict[str, str]:
    """Read what has no word for a building: 花园3-1201, 12号301室, 36号."""
    found = _ENDING.search(text)
    if found is None or not found.group():
        return {"estate": _estate(text)}
    building, unit = found.group("building") or "", found.group("unit") or ""
    return {
        "estate": _estate(text[: found.start()]),
        "building": _short(building),
        "unit": _short(unit),
        "room": _room(found.group("floor"), found.group("room")),
    }


def _within(text: str) -> dict[str, str]:
    """Read unit and room after the building; what is not understood is kept whole, so that it has to be equal."""
    found = _WITHIN.fullmatch(text)
    if found is None:
        return {"room": text.strip("-")}
    unit = found.group("unit") or found.group("before") or ""
    return {"unit": _short(unit), "room": _room(found.group("floor"), found.group("room"))}


def _room(floor: str | None, room: str | None) -> str:
    """Return the room's number with its floor (12层1号 is 1201); a floor that the number begins with adds nothing."""
    floor, room = _short(floor or ""), _short(room or "")
    if floor and room.isdigit() and len(room) <= _LONGEST_ROOM_ON_A_FLOOR:
        return floor + room.zfill(_LONGEST_ROOM_ON_A_FLOOR)
    if floor and not room:
        return f"{floor}F"
    return room


def _estate(text: str) -> str:
    return text.strip("-").removesuffix("住宅小区").removesuffix("小区")


def _short(number: str) -> str:
    """Drop leading zeros: building 03 is building 3."""
    return number.lstrip("0") or number[-1:]
