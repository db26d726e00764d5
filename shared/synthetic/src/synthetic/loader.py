"""Loading a population into a running system, once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict

from runtime.texts import LANGUAGES, Language, Texts
from synthetic.caller import Caller, connect
from synthetic.households import Household, Kind, households
from synthetic.outside import count_of_events, load_mirror, publish_records
from synthetic.people import SyntheticPerson
from synthetic.population import Population
from synthetic.progress import Bars
from synthetic.registration import Relation, card, make_guardian, register_all

TEXTS = Texts.of("synthetic")
PEOPLE = "people.json"
"""In the folder that remembers what was loaded: residents who can be signed in as, for the identity provider's page."""
CARDS = "cards.json"
"""Beside it: the cards that people of the district bring, for the development card reader."""
_OF_EACH_KIND = 3
_NEWCOMERS = 3
"""Cards of people who are not registered yet."""


class Loaded(BaseModel):
    """What has been loaded into this `var`; `examples` are resident ids by the kind of their household."""

    model_config = ConfigDict(frozen=True)
    seed: int
    day: date
    households: int
    done: bool = False
    examples: dict[Kind, str] = {}

    @property
    def population(self) -> Population:
        return Population(self.seed, self.day, self.households)


@dataclass(frozen=True)
class Target:
    """The system to load into, and the folder that remembers what has been loaded."""

    gateway: str
    authority: Path | None
    amqp_url: str
    keys: Path
    folder: Path
    environment: Mapping[str, str]
    clerk_token: str
    auth: httpx.Auth
    """Proves the key of the clerk's token."""
    language: Language

    @property
    def note(self) -> Path:
        """The file that says what has been loaded."""
        return self.folder / "loaded.json"

    @property
    def loaded(self) -> Loaded | None:
        """What has been loaded, or begun to be."""
        return Loaded.model_validate_json(self.note.read_bytes()) if self.note.exists() else None

    def remember(self, loaded: Loaded) -> None:
        """Write down what has been loaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.note.write_text(loaded.model_dump_json(indent=2), encoding="utf-8")


async def load(target: Target, wanted: Loaded) -> Loaded:
    """Load a population, or go on with the one that was begun; everything already there is left as it is."""
    begun = target.loaded or wanted
    if begun.done:
        return begun
    target.remember(begun)
    bars = Bars()
    with bars.shown():
        await _load_records(target, begun.population, bars)
        residents = await _register(target, begun.population, bars)
    _write_people(target.folder / PEOPLE, begun.population, residents)
    _write_cards(target.folder / CARDS, begun.population)
    loaded = begun.model_copy(update={"done": True, "examples": _examples(begun.population, residents)})
    target.remember(loaded)
    return loaded


async def _load_records(target: Target, population: Population, bars: Bars) -> None:
    with bars.bar(TEXTS.say(target.language, "mirror"), None) as advance:
        advance(await load_mirror(population, target.folder / "mirror.jsonl", target.environment))
    with bars.bar(TEXTS.say(target.language, "departments"), count_of_events(population)) as advance:
        await publish_records(population, target.amqp_url, target.keys, advance)


async def _register(target: Target, population: Population, bars: Bars) -> Mapping[str, str]:
    async with connect(target.gateway, target.authority, auth=target.auth) as client:
        clerk = Caller(client, target.clerk_token, target.language)
        with bars.bar(TEXTS.say(target.language, "residents"), len(population.people)) as advance:
            residents = await register_all(clerk, population.people, lambda: advance(1))
        families = [made for made in population.households if made.child is not None]
        with bars.bar(TEXTS.say(target.language, "guardianships"), len(families)) as advance:
            for made in families:
                await appoint(clerk, made, residents)
                advance(1)
    return residents


async def appoint(clerk: Caller, made: Household, residents: Mapping[str, str]) -> None:
    """Register that the head of a household may act for its child."""
    if made.child is None:
        return
    relation: Relation = "father" if made.head.sex == "male" else "mother"
    guardian, child = residents[made.head.number], residents[made.child.number]
    await make_guardian(clerk, guardian, child, relation, made.birth_certificate_number)


def _examples(population: Population, residents: Mapping[str, str]) -> dict[Kind, str]:
    found: dict[Kind, str] = {}
    for made in population.households:
        found.setdefault(made.kind, residents[made.head.number])
    return found


def _write_people(path: Path, population: Population, residents: Mapping[str, str]) -> None:
    """Write down who is shown, as whom one can sign in."""
    found = [_person(person, kind, residents) for person, kind in shown(population)]
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2), encoding="utf-8")


def _write_cards(path: Path, population: Population) -> None:
    """Write down their cards, and those of some who come for the first time."""
    made = islice(households(population.seed, population.day, population.given), population.count, None)
    coming = [(each.head, "unregistered") for each in islice(made, _NEWCOMERS)]
    found = [{"story": _story(kind), "card": card(person)} for person, kind in [*shown(population), *coming]]
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2), encoding="utf-8")


def shown(population: Population) -> list[tuple[SyntheticPerson, str]]:
    """Return the heads of the first households of each kind, and the landlords of the newcomers among them.

    No two heads have the same name: on the page that offers them nothing else would tell them apart.
    """
    found: dict[str, tuple[SyntheticPerson, str]] = {}
    seen: Counter[str] = Counter()
    for made in population.households:
        if seen[made.kind] == _OF_EACH_KIND or made.head.name in {person.name for person, _ in found.values()}:
            continue
        seen[made.kind] += 1
        found.setdefault(made.head.number, (made.head, made.kind))
        if made.landlord is not None:
            found.setdefault(made.landlord.number, (made.landlord, "landlord"))
    return list(found.values())


def _person(person: SyntheticPerson, kind: str, residents: Mapping[str, str]) -> dict[str, object]:
    return {"subject": residents[person.number], "name": person.name, "story": _story(kind)}


def _story(kind: str) -> dict[str, str]:
    return {language: TEXTS.say(language, f"stories.{kind}") for language in LANGUAGES}
