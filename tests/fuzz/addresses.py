"""Made addresses: writings of one place, which are equal, and pairs of different places, which never are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from matcher.domain.address_comparison import difference
from synthetic.script import traditional

_DIGITS = ("0123456789", "０１２３４５６７８９", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖")
_ESTATES = ("梅陇镇花园", "幸福花园", "锦绣新村", "水榭春天花园", "世纪春城", "龙悦居", "龙光城", "民乐村", "创业大厦")
_ROADS = ("梅龙路", "民康路", "和平路", "布龙路", "人民北路", "龙华大道", "工业东路", "三联路", "八一路", "深圳路")
_STREETS = (("龙华", "民治", "民乐"), ("龙华", "大浪", "浪口"), ("宝安", "新安", "翻身"), ("南山", "粤海", "麻岭"))
_LETTERS = "ABCDEF"


@dataclass(frozen=True, slots=True)
class Place:
    """A flat. `building` and `unit` are numbers or letters, `door` the number on its floor, or a letter."""

    district: str
    street: str
    community: str
    road: str
    number: str
    estate: str
    phase: int | None
    building: str
    unit: str
    floor: int
    door: str


def place(dice: Random) -> Place:
    """Make a flat."""
    district, street, community = dice.choice(_STREETS)
    return Place(
        district=district,
        street=street,
        community=community,
        road=dice.choice(_ROADS),
        number=str(dice.randrange(1, 400)),
        estate=dice.choice(_ESTATES),
        phase=dice.choice((None, None, None, 1, 2, 3)),
        building=dice.choice((str(dice.randrange(1, 60)), dice.choice(_LETTERS))),
        unit=dice.choice(("", "", str(dice.randrange(1, 6)))),
        floor=dice.randrange(1, 34),
        door=dice.choice((f"{dice.randrange(1, 13):02d}", f"{dice.randrange(1, 13):02d}", dice.choice(_LETTERS))),
    )


def writing(dice: Random, flat: Place, *, without: str = "", added: str = "") -> str:
    """Write a flat in one of the many ways, without its road or its estate; `added` stands behind everything."""
    return _styled(dice, _area(dice, flat) + _site(dice, flat, without) + _inside(dice, flat) + added)


def _styled(dice: Random, text: str) -> str:
    text = traditional(text) if dice.random() < 1 / 3 else text
    if dice.random() < 1 / 4:
        text = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    return dice.choice(
        (text, text, f" {text} ", text.lower(), text.replace("栋", "栋 "), text.replace("街道", "街道, "))
    )


def _area(dice: Random, flat: Place) -> str:
    city = dice.choice(("", "深圳市", "广东省深圳市", "广东深圳市", "中国广东省深圳市", "深圳", "深圳市深圳市"))
    kinds = ("区", "新区") if flat.district == "龙华" else ("区",)
    district = flat.district + dice.choice(kinds)
    street = flat.street + dice.choice(("街道", "街道办事处", "街道办"))
    community = dice.choice(("", "{}社区", "{}社区居委会", "（{}社区）")).format(flat.community)
    return city + district + street + community


def _site(dice: Random, flat: Place, without: str = "") -> str:
    phase = dice.choice(("{}期", "({}期)", "{}期")).format(_numeral(dice, str(flat.phase))) if flat.phase else ""
    estate = flat.estate + phase
    if not flat.phase and flat.estate.endswith("园"):
        estate += dice.choice(("", "小区"))
    road = f"{flat.road}{_numeral(dice, flat.number)}号"
    if without == "estate" and not flat.phase and not flat.estate.endswith("大厦"):  # a house of its own
        return road
    return estate if without == "road" else road + estate


def _inside(dice: Random, flat: Place) -> str:
    room = f"{flat.floor}{flat.door}"
    if flat.door.isdigit() and dice.random() < 1 / 4:
        return "-".join(filter(None, (flat.building, flat.unit, room))).join(("", dice.choice(("", "室"))))
    building = dice.choice(("", "第")) + _numeral(dice, flat.building)
    building += dice.choice(("栋", "幢", "座", "号楼", "#") if flat.building.isdigit() else ("栋", "座"))
    unit = f"{_numeral(dice, flat.unit)}{dice.choice(('单元', '门'))}" if flat.unit else ""
    if not flat.door.isdigit():
        return f"{building}{unit}{_numeral(dice, str(flat.floor))}{dice.choice('楼层')}{flat.door}室"
    word = dice.choice(("", "室", "房", "户", "号"))
    doors = (f"{_numeral(dice, room)}{word}", f"{flat.floor}层{room}{word}", f"{flat.floor}楼{flat.door}{word}")
    return building + unit + dice.choice(doors)


def _numeral(dice: Random, number: str) -> str:
    """Write a number in some script; letters stay."""
    script = dice.choice(_DIGITS)
    return "".join(script[int(digit)] for digit in number) if number.isdigit() else number


def _number(dice: Random, old: str, most: int) -> str:
    return dice.choice([str(one) for one in range(1, most) if str(one) != old])


def _of(dice: Random, names: Sequence[str], old: str) -> str:
    return dice.choice([name for name in names if name != old])


_CHANGES: Sequence[Callable[[Random, Place], Place]] = (
    lambda dice, flat: replace(flat, building=_number(dice, flat.building, 60)),
    lambda dice, flat: replace(flat, building=_of(dice, _LETTERS, flat.building)),
    lambda dice, flat: replace(flat, unit=_number(dice, flat.unit, 6)),
    lambda _, flat: replace(flat, unit="" if flat.unit else "1"),
    lambda dice, flat: replace(flat, floor=int(_number(dice, str(flat.floor), 34))),
    lambda dice, flat: replace(flat, door=f"{int(_number(dice, flat.door.lstrip('0'), 13)):02d}"),
    lambda dice, flat: replace(flat, door=_of(dice, _LETTERS, flat.door)),
    lambda dice, flat: replace(flat, street="观澜", community=flat.community),
    lambda _, flat: replace(flat, district="福田"),
    lambda _, flat: replace(flat, phase=(flat.phase or 0) + 1),
)
"""Changes of a part that every writing says."""

_BEHIND = (
    "地下室", "地下", "负一层", "-1层", "阁楼", "夹层", "天台", "架空层", "楼顶", "顶层", "半地下室", "车库",
    "储藏室", "杂物间",
    "旁", "旁边", "后", "后面", "对面", "隔壁", "东侧", "西侧", "北", "楼下", "楼上", "附近", "内", "外", "前",
    "门口",
    "之一", "之二", "-1", "-2", "/2", "、1302", "附1号", "附二号", "甲", "乙", "A", "b", "2", "②", "Ⅱ", "㊀",
    "½", "²",
    "（旁边）", "(地下室)", "【后座】", "(2)", "后座", "东座", "1号铺", "铺", "单位B", "床位3", "2号床", "次卧",
    "主卧",
    "二期", "B区", "三组", "2队", "3片", "转302", "至1305", "~1305", "+", "?", "*", "518131", "民康路3号",
    "新村", "旧村",
)  # fmt: skip
_BEFORE_THE_BUILDING = (
    "地下", "后", "旁", "对面", "东区", "A区", "二期", "南苑", "北门", "附楼", "裙楼", "副楼", "3号院", "后院",
    "(东区)", "底商", "员工公寓", "创业大厦", "新城",
)  # fmt: skip


def different(dice: Random) -> tuple[str, str]:
    """Make addresses of two places that differ in a part, or of which one says more."""
    flat = place(dice)
    kind = dice.randrange(5)
    if kind == 0:
        return writing(dice, flat), writing(dice, flat, added=dice.choice(_BEHIND))
    if kind == 1:
        text = _area(dice, flat) + _site(dice, flat)
        inside = _inside(dice, flat)
        return _styled(dice, text + inside), _styled(dice, text + dice.choice(_BEFORE_THE_BUILDING) + inside)
    if kind == 2:
        return _at_a_house_number(dice, flat)
    if kind == 3:
        return _below_the_ground(dice, flat)
    while (other := dice.choice(_CHANGES)(dice, flat)) == flat:
        pass
    return writing(dice, flat), writing(dice, other)


def _at_a_house_number(dice: Random, flat: Place) -> tuple[str, str]:
    """Two at one road: another number, or something more behind the number."""
    road = _area(dice, flat) + flat.road
    number = flat.number + dice.choice(("", "-1", "A", "-3"))
    other = dice.choice([n for n in (flat.number, f"{flat.number}-2", f"{flat.number}B", f"1{number}") if n != number])
    more = f"{number}号{dice.choice(_BEHIND)}"
    return f"{road}{number}号", road + dice.choice((f"{other}号", more, more))


def _below_the_ground(dice: Random, flat: Place) -> tuple[str, str]:
    """A floor and the one as far below the ground."""
    head = _area(dice, flat) + _site(dice, flat) + f"{flat.building}栋"
    floor, door = dice.randrange(1, 5), dice.choice(("05", "101", "A", "", f"{flat.floor}01"))
    above = f"{floor}{dice.choice(('层', '楼', 'F'))}{door}"
    below = dice.choice((f"-{above}", f"负{above}", f"B{above}", f"地下{above}", f"负{floor}0{door or 1}"))
    return head + above, head + below


def check(seed: int) -> None:
    """Compare one pair of each kind, from both sides. Raises AssertionError with the seed and what was compared."""
    dice = Random(seed)
    flat = place(dice)
    # One may leave out the road or the estate, not one the road and the other the estate.
    one, other = writing(dice, flat, without=dice.choice(("", "road", "estate"))), writing(dice, flat)
    assert difference(one, other) is None, f"seed {seed}: refused {one} = {other}: {difference(one, other)}"
    one, other = different(dice)
    found = difference(one, other)
    assert found is not None, f"seed {seed}: called equal {one} = {other}"
    assert found == difference(other, one), f"seed {seed}: depends on the side {one} {other}"
