from __future__ import annotations

from identity.handlers import exporting
from identity.published import DataExported
from runtime import exports
from runtime.holders import Holder
from services.identity.tests.people import MAN, Hall, reading
from testkit.fakes import received


async def test_a_resident_gets_the_registration_with_the_number_masked(hall: Hall) -> None:
    man, (public, private) = await hall.register(reading()), exports.new_key()
    holder = Holder(resident_id=man.id, index=man.holder_index)
    asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
    (told,) = (await exporting.export(received(asked), hall.deps)).events
    assert isinstance(told, DataExported)

    (registration,) = exports.opened(told.sealed, private)["registration"]
    assert (registration["card"]["name"], registration["number"]) == ("李育成", "4****************3")
    assert MAN not in str(registration)


async def test_of_somebody_unknown_nothing_is_held(hall: Hall) -> None:
    public, private = exports.new_key()
    holder = Holder(resident_id="res_nobody", index="3a" * 32)
    asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
    (told,) = (await exporting.export(received(asked), hall.deps)).events
    assert isinstance(told, DataExported)

    assert exports.opened(told.sealed, private) == {}
