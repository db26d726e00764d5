"""Who takes part in the newcomer's day. All of them are invented; the newcomer's name is that of the 2014 report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from synthetic.households import school_child_birthday
from synthetic.numbers import with_check_character
from synthetic.people import SyntheticPerson, years_later

HOME = "深圳市龙华区民治街道民乐社区金地梅陇镇3栋1204室"
COMMUNITY = "440309002002"
HUNAN = "湖南省衡阳县蒸阳大道18号"


@dataclass(frozen=True)
class Cast:
    """The people of the day."""

    newcomer: SyntheticPerson
    wife: SyntheticPerson
    child: SyntheticPerson
    landlord: SyntheticPerson
    senior: SyntheticPerson
    unlucky: SyntheticPerson

    @property
    def everybody(self) -> tuple[SyntheticPerson, ...]:
        """All of them."""
        return (self.newcomer, self.wife, self.child, self.landlord, self.senior, self.unlucky)


def cast(today: date) -> Cast:
    """Make the people as old as the day needs them to be."""
    child_born = school_child_birthday(Random(1), today)
    return Cast(
        newcomer=_person("李育成", "male", "430421", date(1990, 3, 12), HUNAN, today, "211"),
        wife=_person("王秀兰", "female", "430421", date(1991, 9, 2), HUNAN, today, "422"),
        child=_person("李文杰", "male", "430421", child_born, HUNAN, today, "033"),
        landlord=_person(
            "陈国栋", "male", "440309", date(1968, 11, 5), "深圳市龙华区民治街道民乐社区和平里1栋801室", today, "117"
        ),
        senior=_senior(
            "周桂英", "female", "深圳市龙华区大浪街道浪口社区锦绣新村5栋302室", years_later(today, -71), today, "028"
        ),
        unlucky=_senior(
            "黄志强", "male", "深圳市龙华区观澜街道桂花社区幸福花园2栋601室", years_later(today, -83), today, "015"
        ),
    )


def _senior(
    name: str, sex: Literal["male", "female"], address: str, born: date, today: date, sequence: str
) -> SyntheticPerson:
    return _person(name, sex, "440309", born - timedelta(days=40), address, today, sequence)


def _person(
    name: str, sex: Literal["male", "female"], area: str, born: date, address: str, today: date, sequence: str
) -> SyntheticPerson:
    issued = max(years_later(today, -3), born + timedelta(days=30))
    age = issued.year - born.year
    return SyntheticPerson(
        number=with_check_character(f"{area}{born:%Y%m%d}{sequence}"),
        name=name,
        sex=sex,
        born=born,
        nationality_group="汉",
        address=address,
        issuing_authority="深圳市公安局龙华分局" if area == "440309" else "衡阳县公安局",
        valid_from=issued,
        valid_until=None if age > 46 else years_later(issued, 5 if age < 16 else 20),
        community=COMMUNITY,
    )
