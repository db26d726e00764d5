"""Builders of people and cards, and the handlers' needs in memory, for the tests of identity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bus.event import Event, Outcome
from identity.config import Settings
from identity.domain.card import Card, ReadCard
from identity.domain.correction import SignedAnswer
from identity.domain.guardianship import Guardianship
from identity.domain.presence import Presence
from identity.domain.resident import RegistrationPlace, Resident
from identity.domain.terminal import Terminal
from identity.events import DataAccessed
from identity.handlers import registration
from identity.handlers.dependencies import Deps
from identity.store.documents import GuardianshipStore, PresenceStore, ResidentStore, TerminalStore
from privacy.own_requests import OwnRequests
from standards import communities, identity_number
from store.blind_index import BlindIndex
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.people import signed_requests
from web.auth import Principal, Role
from web.reviewers import Reviewers

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


def reading(number: str = MAN, /, **fields: object) -> ReadCard:
    """Build what the reader gives for that card."""
    return ReadCard(number=number, card=card(**fields))


def girl(**fields: object) -> ReadCard:
    """Build the reading of a girl's card."""
    given: dict[str, object] = {
        "name": "李小雨",
        "sex": "female",
        "birth_date": GIRL_BORN,
        "valid_from": date(2024, 1, 1),
    }
    return reading(number_for(GIRL_BORN, "002"), **(given | fields))


class FakeResidents(ResidentStore, FakeDocuments[Resident]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Resident)

    def id_for(self, index: str) -> str:
        return f"res_{index[:26]}"


class FakeGuardianships(GuardianshipStore, FakeDocuments[Guardianship]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Guardianship)


class FakeTerminals(TerminalStore, FakeDocuments[Terminal]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Terminal)


class FakePresences(PresenceStore, FakeDocuments[Presence]):
    def __init__(self) -> None:
        FakeDocuments.__init__(self, Presence)


class Hall:
    """The handlers' needs in memory; `commit` keeps what a handler decided and remembers what it published.

    What it told of looks is in `told`.
    """

    def __init__(self, since: Mapping[str, date] = MappingProxyType({})) -> None:
        self.residents = FakeResidents()
        self.guardianships = FakeGuardianships()
        self.presences = FakePresences()
        self.clock = FakeClock()
        self.published: list[Event] = []
        self.told: list[DataAccessed] = []
        self.deps = Deps(
            residents=self.residents,
            guardianships=self.guardianships,
            terminals=FakeTerminals(),
            presences=self.presences,
            answers=FakeDocuments(SignedAnswer),
            reviewers=Reviewers.read(Settings().reviewers),
            signed_requests=signed_requests(since, self.clock),
            numbers=NUMBERS,
            communities=communities.codes(),
            clock=self.clock,
            eraser=NothingHeld(),
            own_requests=OwnRequests(signed_requests(since, self.clock)),
        )

    def commit(self, outcome: Outcome[Any]) -> None:
        apply(outcome)
        self.published += outcome.events
        self.told += [event for event in outcome.published if isinstance(event, DataAccessed)]

    async def register(self, read: ReadCard, *, by: Principal = CLERK, community: str = COMMUNITY) -> Resident:
        """Register somebody and return the resident as it is stored."""
        channel = "window" if by.role == Role.CLERK else "terminal"
        place = RegistrationPlace.model_validate({"channel": channel, "community": community})
        outcome = await registration.register(read, place, by, self.deps)
        self.commit(outcome)
        assert outcome.result is not None
        return self.residents.all[outcome.result.id]
