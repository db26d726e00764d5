"""Builders of people and cards, and the handlers' needs in memory, for the tests of identity."""

from __future__ import annotations

from datetime import date
from typing import Any

from identity.domain.card import Card, Reading
from identity.domain.guardianship import Guardianship
from identity.domain.presence import Presence
from identity.domain.resident import Place, Resident
from identity.domain.terminal import Terminal
from identity.handlers import registration
from identity.handlers.needs import Deps
from identity.published import DataAccessed
from identity.store.documents import GuardianshipStore, PresenceStore, TerminalStore
from messaging.event import Event, Outcome
from runtime.access import Principal, Role
from runtime.blind_index import BlindIndex
from standards import communities, identity_number
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply

CLERK = Principal("clerk-7", Role.CLERK)
COMMUNITY = "440309002007"
TERMINAL = Principal("terminal-3", Role.TERMINAL, communities=frozenset({COMMUNITY}))
OTHER_COMMUNITY = "440309001002"
MAN = "440309199001010013"
GIRL_BORN = date(2019, 5, 4)

NUMBERS = BlindIndex(b"k" * 32)


def number_for(birth_date: date, sequence: str = "001", area: str = "440309") -> str:
    """Write a correct number for a birth date."""
    body = f"{area}{birth_date:%Y%m%d}{sequence}"
    return body + identity_number.check_character(body)


def card(**fields: object) -> Card:
    """Build the card of a man born on 1 January 1990."""
    given: dict[str, object] = {
        "name": "李育成",
        "sex": "male",
        "birth_date": date(1990, 1, 1),
        "nationality_group": "汉",
        "address": "湖南省邵阳市邵东县两市镇建设路18号",
        "issuing_authority": "邵东县公安局",
        "valid_from": date(2019, 5, 6),
        "valid_until": date(2039, 5, 6),
    }
    return Card.model_validate(given | fields)


def reading(number: str = MAN, /, **fields: object) -> Reading:
    """Build what the reader gives for that card."""
    return Reading(number=number, card=card(**fields))


def girl(**fields: object) -> Reading:
    """Build the reading of a girl's card."""
    given: dict[str, object] = {
        "name": "李小雨",
        "sex": "female",
        "birth_date": GIRL_BORN,
        "valid_from": date(2024, 1, 1),
    }
    return reading(number_for(GIRL_BORN, "002"), **(given | fields))


class Hall:
    """The handlers' needs in memory; `commit` keeps what a handler decided and remembers what it published.

    What it told of looks is in `told`.
    """

    def __init__(self) -> None:
        self.residents = FakeDocuments(Resident)
        self.guardianships = FakeDocuments(Guardianship)
        self.presences = FakeDocuments(Presence)
        self.clock = FakeClock()
        self.published: list[Event] = []
        self.told: list[DataAccessed] = []
        self.deps = Deps(
            residents=self.residents,
            guardianships=GuardianshipStore(self.guardianships),
            terminals=TerminalStore(FakeDocuments(Terminal)),
            presences=PresenceStore(self.presences),
            numbers=NUMBERS,
            communities=communities.codes(),
            clock=self.clock,
            eraser=NothingHeld(),
        )

    def commit(self, outcome: Outcome[Any]) -> None:
        """Keep an outcome."""
        apply(outcome)
        self.published += [event for event in outcome.events if not isinstance(event, DataAccessed)]
        self.told += [event for event in outcome.events if isinstance(event, DataAccessed)]

    async def register(self, read: Reading, *, by: Principal = CLERK, community: str = COMMUNITY) -> Resident:
        """Register somebody and return the resident as it is stored."""
        channel = "window" if by.role == Role.CLERK else "terminal"
        place = Place.model_validate({"channel": channel, "community": community})
        outcome = await registration.register(read, place, by, self.deps)
        self.commit(outcome)
        assert outcome.result is not None
        return self.residents.all[outcome.result.id]
