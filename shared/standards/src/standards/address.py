"""Addresses taken apart: province, city, district, street, community, place, building, unit, floor and room.

What is not said is empty. Two writings of one address are taken apart alike: traditional or simplified characters,
full-width letters, numerals in any script, with or without the words that only name the kind (栋, 号楼, 室). Nothing
else is dropped: what is not understood stands whole in `estate`, `room` or `remarks`, so that it has to be equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from standards import areas
from standards.address_text import LONGEST, is_placeholder, normal, without_nothing

_Parts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address, each without the word that names its kind; `written` is all of it, normalised.

    `road` and `number` (梅龙路, 12) and `estate` (梅陇镇花园) together say the place; `building`, `unit`, `floor` and
    `room` say where in it. A floor that the room's number begins with adds nothing (12层1201): it is left out. A floor
    below the ground is negative (-1). `kinds` are the words of the levels that have several (区, 县, 镇), `remarks`
    what stands in brackets.
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
    floor: str = ""
    room: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


_HAN = areas.HAN
_RUN = "[0-9A-Z]++(?:-[0-9A-Z]++)*+"
_STEM = "[甲乙丙丁戊己庚辛壬癸]"
_NOT_IN_A_NAME = re.compile(r"[路街巷号栋幢座楼]")
_STREET = re.compile(rf"^([{_HAN}]{{2,10}}?)(?P<kind>街道)?(?(kind)(?:办事处|办)?|办事处)")
_TOWNSHIP = re.compile(rf"^([{_HAN}]{{1,6}}?)(?P<kind>镇|乡)(?!花园|广场|小区|公寓)")
_COMMUNITY = re.compile(
    rf"^([{_HAN}0-9]{{1,10}}?)(?:"
    r"(?P<kind>社区)(?:居民委员会|居委会|居委|工作站)?|居民委员会|居委会|居委|(?P<village>村民委员会|村委会|村委|行政村))"
)
_ROAD = re.compile(rf"^(.*(?:大道|路|街|巷|胡同|弄))(?:第?({_RUN})号(?!楼|房|栋|幢))?")
_BUILDING = re.compile(
    rf"(?:(?<![0-9A-Z-])-*+第?#?({_RUN})|-?({_STEM}|[东南西北中](?=[座塔])))(?:号楼|号栋|号幢|栋|幢|座|塔|#楼|#)楼?"
)
_FLOOR = r"(?P<sign>-|负|地下)?(?:第?(?P<floor>B?[0-9]+)(?:楼|层|F)(?:-(?=[0-9A-Z]))?)?"
_WITHIN = re.compile(
    rf"(?P<joint>-?)(?:第?(?P<unit>[0-9A-Z]+|{_STEM})(?:单元|门|梯)(?P<later>-?))?{_FLOOR}"
    r"(?:(?:(?P<before>[0-9A-Z]+)-)?(?P<room>[0-9A-Z]+)(?P<word>室|号房|号|房间|房|户|单位|铺位|铺)?)?"
)
_ENDING = re.compile(
    rf"(?<![0-9A-Z-])(?:(?P<building>[0-9A-Z]++)-)?(?:第?(?P<unit>[0-9A-Z]+|{_STEM})(?:单元|门|梯|-)-?)?{_FLOOR}"
    r"(?:(?P<room>[0-9A-Z]+)(?P<word>室|号房|房间|房|户|单位|铺位|铺)?)?$"
)
_BRACKETS = re.compile(r"\(([^()]*)(?:\)|$)")
_PART = re.compile(rf"{_RUN}(?:期|区|栋|幢|座|号楼|单元)")
_PLACE = re.compile(
    rf"[{_HAN}0-9A-Z](?:[省市区县旗盟州镇乡村屯寨庄邨街路巷弄号栋幢座楼组队苑园城厦寓坊湾沟坪岭岗坡坝塘洲岛堡营]|大道|胡同)"
)
_LEADING_ZEROS = re.compile("(?<![0-9A-Z])0++(?=[0-9])")  # of 后李村087号
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_LATIN_WORD = re.compile(r"[A-Z]{3,}")
_FEWEST = 2
_SHOP = ("铺位", "铺")
_DEEPEST, _DOORS_BELOW, _ROOM_DIGITS = 9, "1234", 2


def parse(text: str) -> Address:
    """Take an address apart, in linear time. Never fails: what can't be understood is part of `estate`.

    A text of more than `LONGEST` characters is no address and is not taken apart: all of it is `estate`.
    """
    if len(text) > LONGEST:
        return Address(text, estate=text)
    return _parse(text)


def names_place(text: str) -> bool:
    """Tell whether a text can be an address (`says_a_place`); what is too long is judged by its beginning."""
    return says_a_place(parse(text[:LONGEST]))


def says_a_place(address: Address) -> bool:
    """Tell whether an address names a place at all: a province, a district, a road, or something called 村, 园, 号.

    Words for nothing (无, 同上, 见附件, N/A) name none, neither alone nor as a part (龙华区不详); nor does a number.
    """
    if any(map(is_placeholder, (address.road, address.estate, address.room))):
        return False
    said = without_nothing(address.written)
    if len(set(_LATIN_WORD.findall(said))) >= _FEWEST:
        return True
    levels = address.province or address.city or address.district or _PLACE.search(said)
    return len(set(_HAN_CHARACTER.findall(said))) >= _FEWEST and bool(levels)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address:
    written = normal(text)
    plain, remarks = _without_remarks(written)
    area, rest = areas.read(plain)
    kinds = {"city": area.city_kind, "district": area.district_kind}
    street, kinds["street"], rest = _street(rest)
    community, kinds["community"], rest = _community(rest)
    levels = {"province": area.province, "city": area.city, "district": area.district}
    return Address(written, **levels, street=street, community=community, **_place(rest), kinds=kinds, remarks=remarks)


def _without_remarks(text: str) -> tuple[str, tuple[str, ...]]:
    """Take what stands in brackets out of the text, unless it is a part of the address ((民治社区), (二期))."""
    remarks: list[str] = []

    def _sorted(found: re.Match[str]) -> str:
        said = found.group(1)
        if _PART.fullmatch(said) or any(level.fullmatch(said) for level in (_STREET, _COMMUNITY)):
            return said
        remarks.append(said)
        return ""

    return _BRACKETS.sub(_sorted, text), tuple(remarks)


def _street(text: str) -> tuple[str, str, str]:
    found = _named(_STREET, text)
    kind = "街道"
    if found is None:
        found = _named(_TOWNSHIP, text)
        kind = found.group("kind") if found else ""
    return (found.group(1), kind, _unrepeated(found)) if found else ("", "", text)


def _community(text: str) -> tuple[str, str, str]:
    found = _named(_COMMUNITY, text)
    if found is None:
        return "", "", text
    return found.group(1), "村" if found.group("village") else "社区", _unrepeated(found)


def _named(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return what the pattern finds at the beginning; nothing if the name can't be one."""
    found = pattern.match(text)
    return None if found is None or _NOT_IN_A_NAME.search(found.group(1)) else found


def _unrepeated(found: re.Match[str]) -> str:
    rest = found.string[found.end() :]
    return areas.without_repetition(found.group(), rest)


def _place(text: str) -> _Parts:
    road, number, rest = _road(text)
    found = _BUILDING.search(rest)
    if found is None:
        return {"road": road, "number": number, **_without_building(rest)}
    estate, buildings, end = _estate(rest[: found.start()]), [_building(found)], found.end()
    while following := _BUILDING.match(rest, end):
        buildings.append(_building(following))
        end = following.end()
    return {"road": road, "number": number, "estate": estate, "building": "-".join(buildings), **_within(rest[end:])}


def _road(text: str) -> tuple[str, str, str]:
    """Return road, house number and the rest; a road is looked for only before the building."""
    building = _BUILDING.search(text)
    found = _ROAD.match(text[: building.start()] if building else text)
    if found is None:
        return "", "", text
    number = "-".join(map(_short, (found.group(2) or "").split("-")))
    return found.group(1), number, text[found.end() :]


def _building(found: re.Match[str]) -> str:
    """Return a building's number; 3-5栋 is a range (3~5), no building 5 of a part 3 (3栋5座, 3-5), nor is F3.8栋."""
    run = found.group(1) or found.group(2)
    parts = [_short(part) for part in run.split("-")]
    is_range = len(parts) > 1 and parts[-1].isdigit()
    return ("~" if is_range else "-").join(parts)


def _without_building(text: str) -> _Parts:
    """Read what has no word for a building: 花园3-1201, 12号301室, 36号."""
    found = _ENDING.search(text)
    if found is None or not found.group():
        return {"estate": _estate(text)}
    building, unit = found.group("building") or "", found.group("unit") or ""
    after_dash = bool(found.group("floor")) and bool(building) and not unit
    inside = _inside(found, below="~" if after_dash and _looks_below(found) else "")
    return {"estate": _estate(text[: found.start()]), "building": _short(building), "unit": _short(unit), **inside}


def _within(text: str) -> _Parts:
    """Read unit, floor and room after the building; what is not understood is kept whole in `room`."""
    found = _WITHIN.fullmatch(text)
    if found is None:
        return {"room": text}
    unit, before = found.group("unit") or "", found.group("before") or ""
    dash, styled = (found.group("later"), found.group("joint")) if unit else (found.group("joint"), "")
    inside = _inside(found, below="-" if dash and not styled and not before and _looks_below(found) else "")
    if before and not (unit or found.group("floor")):
        return {**inside, "unit": _short(before)}
    if before:
        inside["room"] = f"{_short(before)}-{inside['room']}"
    return {**inside, "unit": _short(unit)}


def _inside(found: re.Match[str], *, below: str) -> _Parts:
    """Return floor and room; `below` stands before a number that a dash may put below the ground."""
    sign, floor, room = found.group("sign") or "", found.group("floor") or "", _short(found.group("room") or "")
    if found.group("word") in _SHOP:
        room += "铺"
    if not floor:
        return {"floor": "", "room": f"{below or sign}{room}"}
    if floor.startswith("B") or sign:
        return {"floor": f"-{_short(floor.removeprefix('B'))}", "room": room}
    if below:
        return {"floor": f"{below}{_short(floor)}", "room": room}
    return _joined(_short(floor), room)


def _joined(floor: str, room: str) -> _Parts:
    """Return the room's number with its floor: 12层1号 is 1201, and 12层1201 says nothing more than 1201."""
    if room.isdigit() and len(room) <= _ROOM_DIGITS:
        return {"floor": "", "room": floor + room.zfill(_ROOM_DIGITS)}
    return {"floor": "" if _begins_with(floor, room) else floor, "room": room}


def _begins_with(floor: str, room: str) -> bool:
    digits = re.match("[0-9]*", room)
    return digits is not None and bool(floor) and digits.group()[:-_ROOM_DIGITS] == floor


def _looks_below(found: re.Match[str]) -> bool:
    """Tell whether a dash before a number may be a minus: 3栋-1层, 3栋-101; it is none in 3栋-1201, 3栋-12层1201.

    Nothing lies ten floors below the ground, and a short number after a dash may be a floor.
    """
    floor, room = found.group("floor"), found.group("room") or ""
    if floor:
        return not floor.isdigit() or int(floor[:4]) <= _DEEPEST or not _begins_with(_short(floor), _short(room))
    if not room.isdigit():
        return False
    return len(room) <= _ROOM_DIGITS or (len(room) == _ROOM_DIGITS + 1 and room[0] in _DOORS_BELOW)


def _estate(text: str) -> str:
    named = text.strip("-").removesuffix("住宅小区").removesuffix("小区")
    return _LEADING_ZEROS.sub("", named)


def _short(number: str) -> str:
    """Drop leading zeros: building 03 is building 3."""
    return number.lstrip("0") or number[-1:]
