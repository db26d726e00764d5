from __future__ import annotations

from identity.handlers import data_export
from privacy.holders import Holder
from services.identity.tests.people import MAN, Hall, reading


async def test_a_resident_gets_the_registration_with_the_number_masked(hall: Hall) -> None:
    man = await hall.register(reading())
    holder = Holder(resident_id=man.id, index=man.holder_index)
    (registration,) = (await data_export.gather(holder, hall.deps))["registration"]
    assert (registration["card"]["name"], registration["number"]) == ("李育成", "4****************3")
    assert MAN not in str(registration)


async def test_of_somebody_unknown_nothing_is_held(hall: Hall) -> None:
    holder = Holder(resident_id="res_nobody", index="3a" * 32)
    assert await data_export.gather(holder, hall.deps) == {}
