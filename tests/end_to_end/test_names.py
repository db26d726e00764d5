"""One name written in several ways, from the card at the window through a record to the decision."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from synthetic import records
from synthetic.caller import Answer, Caller
from synthetic.people import Person
from synthetic.registering import register
from tests.end_to_end.town import Town
from tests.journeys import portal
from tests.journeys.waiting import until

ITEM = "senior-card"
EQUAL = (
    ("古丽米热·艾比布力", "古丽米热.艾比布力"),
    ("古丽米热｡艾比布力", "古丽米热･艾比布力"),
    ("葛文静", "葛\U000e0100文静"),
    ("李\u200b育成", "李育成"),
    ("李丽\0\0", "李　丽"),
    ("马长龙", "⻢⻓⻰"),
    ("刘\ue863", "刘䶮"),
    ("範冰", "范冰"),
)
CLOSE = (("李乾", "李干"), ("於海", "于海"))


class _Registered(Answer):
    name: str


@dataclass
class _Case:
    """A senior registered with a name, whose household register has it in another writing."""

    resident: Caller
    application: str

    async def seen(self) -> portal.Seen:
        """Look at the application."""
        return await portal.see(self.resident, self.application)


async def _applied(town: Town, name: str, held: str) -> _Case:
    person = replace(town.meet("senior").head, name=name)
    town.ids[person.number] = await register(town.clerk(), person)
    resident = town.resident(person)
    photo = records.portrait_photo(person, town.today - timedelta(days=45))
    book = records.household_register(replace(person, name=held), "051230044", person.address)
    await town.tell(*records.named((photo, book), f"names-{person.number[-6:]}"))
    await town.known(resident)
    await until(
        lambda: portal.explain(resident, ITEM), lambda it: it.need("photo") == "held", what="the records are known"
    )
    application = await portal.draft(resident, ITEM, {})
    await portal.submit(resident, application)
    return _Case(resident, application)


async def test_writings_of_one_name_are_granted_at_once_and_what_names_keep_apart_is_not(town: Town) -> None:
    equal, apart = await asyncio.gather(
        asyncio.gather(*(_applied(town, *names) for names in EQUAL)),
        asyncio.gather(*(_applied(town, *names) for names in CLOSE)),
    )
    for case in equal:
        await until(case.seen, lambda it: it.state == "approved", what="it is granted")
    for case in apart:
        seen = await until(case.seen, lambda it: it.state == "rejected", what="a merely converted name proves nothing")
        assert [reason.code for reason in seen.reasons] == ["field-close"]


async def test_a_name_is_registered_in_its_normal_form(town: Town) -> None:
    person: Person = replace(town.meet("senior").head, name="古丽米热．艾比布力\0")
    registered = await register(town.clerk(), person)
    seen = await town.clerk().get(f"/v1/residents/{registered}", _Registered, {"purpose": "核对登记"})
    assert seen.name == "古丽米热·艾比布力"
