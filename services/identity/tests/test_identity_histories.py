"""Whatever clerks do in whatever order, what is published and what is kept say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from identity.domain.resident import Resident
from identity.events import IdRegistered, IdReinstated, IdSuspended, IdUpdated
from identity.handlers import registration, suspension
from runtime.errors import Refusal
from services.identity.tests.people import CLERK, COMMUNITY, MAN, OTHER_COMMUNITY, Hall, reading

Command = tuple[str, int]

commands: st.SearchStrategy[list[Command]] = st.lists(
    st.tuples(st.sampled_from(["register", "renew", "suspend", "reinstate"]), st.integers(0, 5)), max_size=12
)


async def carry_out(hall: Hall, given_commands: Sequence[Command]) -> Resident:
    """Register the man, then do everything that is not refused."""
    resident = await hall.register(reading())
    for command, number in given_commands:
        hall.clock.advance(timedelta(minutes=1))
        try:
            await one(hall, resident.id, command, number)
        except Refusal:
            continue
    return hall.residents.all[resident.id]


async def one(hall: Hall, id: str, command: str, number: int) -> None:
    """Do one thing; `number` says with which card and in which community."""
    read = reading(MAN, valid_from=date(2015 + number, 1, 1))
    community = OTHER_COMMUNITY if number % 2 else COMMUNITY
    if command == "register":
        await hall.register(read, community=community)
    elif command == "renew":
        hall.commit(await registration.renew_card(id, read, community, CLERK, hall.deps, if_match=None))
    elif command == "suspend":
        hall.commit(await suspension.suspend(id, "本人挂失", CLERK, hall.deps, if_match=None))
    else:
        hall.commit(await suspension.reinstate(id, "证件找回", CLERK, hall.deps, if_match=None))


@given(commands)
def test_every_change_is_published_once_with_the_version_that_it_made(given_commands: list[Command]) -> None:
    hall = Hall()
    resident = asyncio.run(carry_out(hall, given_commands))
    sequences = [event.model_dump()["sequence"] for event in hall.published]
    assert sequences == list(range(1, resident.version + 1))
    assert len(resident.history) == resident.version


@given(commands)
def test_whoever_heard_everything_knows_what_is_kept(given_commands: list[Command]) -> None:
    hall = Hall()
    resident = asyncio.run(carry_out(hall, given_commands))
    suspended, community, valid_from = False, "", date.min
    for event in hall.published:
        if isinstance(event, IdRegistered | IdUpdated):
            community, valid_from = event.community, event.valid_from
        elif isinstance(event, IdSuspended | IdReinstated):
            suspended = isinstance(event, IdSuspended)
    assert (suspended, community) == (resident.suspension is not None, resident.place.community)
    assert valid_from == resident.card.valid_from
