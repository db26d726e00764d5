from __future__ import annotations

from datetime import timedelta

import pytest

from identity.events import IdReinstated, IdSuspended
from identity.handlers import suspension
from runtime.errors import Conflict, NotFound, PreconditionFailed
from services.identity.tests.people import CLERK, Hall, reading


async def test_a_suspension_keeps_who_when_and_why(hall: Hall) -> None:
    resident = await hall.register(reading())
    hall.commit(await suspension.suspend(resident.id, "本人挂失", CLERK, hall.deps, if_match=None))
    suspended = hall.residents.all[resident.id]
    assert suspended.suspension is not None
    assert (suspended.suspension.reason, suspended.suspension.by.subject) == ("本人挂失", "clerk-7")
    assert suspended.suspension.since == hall.clock()
    event = hall.published[-1]
    assert isinstance(event, IdSuspended)
    assert (event.reason, event.sequence) == ("本人挂失", 2)


async def test_a_reinstatement_lifts_it_and_the_history_keeps_both(hall: Hall) -> None:
    resident = await hall.register(reading())
    hall.commit(await suspension.suspend(resident.id, "本人挂失", CLERK, hall.deps, if_match=1))
    hall.clock.advance(timedelta(days=2))
    hall.commit(await suspension.reinstate(resident.id, "证件找回", CLERK, hall.deps, if_match=2))
    reinstated, event = hall.residents.all[resident.id], hall.published[-1]
    assert reinstated.suspension is None
    assert [step.what for step in reinstated.history] == ["registered", "suspended", "reinstated"]
    assert reinstated.history[-1].at - reinstated.history[-2].at == timedelta(days=2)
    assert isinstance(event, IdReinstated)
    assert event.sequence == reinstated.version == 3


async def test_nobody_is_suspended_twice_nor_reinstated_without_a_suspension(hall: Hall) -> None:
    resident = await hall.register(reading())
    with pytest.raises(Conflict, match="not-suspended"):
        await suspension.reinstate(resident.id, "误操作", CLERK, hall.deps, if_match=None)
    hall.commit(await suspension.suspend(resident.id, "本人挂失", CLERK, hall.deps, if_match=None))
    with pytest.raises(Conflict, match="already-suspended"):
        await suspension.suspend(resident.id, "再次挂失", CLERK, hall.deps, if_match=None)


async def test_a_suspension_on_an_older_version_or_of_nobody_is_refused(hall: Hall) -> None:
    resident = await hall.register(reading())
    with pytest.raises(PreconditionFailed):
        await suspension.suspend(resident.id, "本人挂失", CLERK, hall.deps, if_match=4)
    with pytest.raises(NotFound):
        await suspension.suspend("res_nobody", "本人挂失", CLERK, hall.deps, if_match=None)
