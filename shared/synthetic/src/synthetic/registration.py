"""Registering people in person, at a window or a terminal, as the identity service asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from synthetic.caller import Caller, CallerAnswer, Json, NoAnswer
from synthetic.people import SyntheticPerson

Channel = Literal["window", "terminal"]
Relation = Literal["mother", "father", "guardian"]

AT_ONCE = 16


class Registered(CallerAnswer):
    """Who a person has become."""

    resident_id: str


def card(person: SyntheticPerson) -> dict[str, Json]:
    return {
        "number": person.number,
        "name": person.name,
        "sex": person.sex,
        "birth_date": person.born.isoformat(),
        "nationality_group": person.nationality_group,
        "address": person.address,
        "issuing_authority": person.issuing_authority,
        "valid_from": person.valid_from.isoformat(),
        "valid_until": person.valid_until.isoformat() if person.valid_until else None,
    }


async def register(caller: Caller, person: SyntheticPerson, channel: Channel = "window") -> str:
    """Register a person who stands there with the card; return the resident id."""
    body: dict[str, Json] = {**card(person), "channel": channel, "community": person.community}
    return (await caller.post("/v1/residents", Registered, body)).resident_id


async def register_all(
    caller: Caller, people: Iterable[SyntheticPerson], done: Callable[[], None]
) -> Mapping[str, str]:
    """Register many people, some at a time; return their resident ids by identity number."""
    gate = asyncio.Semaphore(AT_ONCE)
    by_number = {person.number: person for person in people}

    async def one(person: SyntheticPerson) -> str:
        async with gate:
            resident_id = await register(caller, person)
            done()
            return resident_id

    ids = await asyncio.gather(*map(one, by_number.values()))
    return dict(zip(by_number, ids, strict=True))


async def make_guardian(caller: Caller, guardian_id: str, child_id: str, relation: Relation, proof: str) -> None:
    """Register that a resident may act for a child; `proof` is the birth certificate's number."""
    body: dict[str, Json] = {
        "guardian_id": guardian_id,
        "child_id": child_id,
        "relation": relation,
        "proof": {"kind": "birth-certificate", "reference": proof},
    }
    await caller.post("/v1/guardianships", NoAnswer, body)
