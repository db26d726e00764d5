"""The dry run: what would match for a person and an item, for officials; the person can read who tried it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.domain.claims import Requirement, Role, claims_of
from matcher.domain.deciding import Verdict, decide
from matcher.domain.evidence import Evidence, Value
from matcher.domain.item import Item
from matcher.domain.looks import Look
from matcher.handlers.needs import Deps
from messaging.event import Outcome
from runtime.ids import new_id
from runtime.refusal import Refusal, Unknown
from standards import identity_number


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the official names them: by resident id, or by identity number."""

    resident_id: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be tried: `people` has the applicant, and the others where the item has them."""

    item: str
    people: Mapping[Role, Person]
    form: Mapping[str, Value]
    purpose: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One requirement: the verdict, or None where nobody was named who would hold the document."""

    requirement: Requirement
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """The answers, requirement by requirement; `registered` says of each person whether they could apply at all."""

    item: str
    registered: Mapping[Role, bool]
    tried: tuple[Tried, ...]


async def dry_run(asked: Asked, official: str, deps: Deps) -> Outcome[DryRun]:
    """Try what would match. Raises Unknown for an item or resident not known, Refusal for a wrong number."""
    item = await deps.items.get(asked.item)
    if item is None:
        raise Unknown("item-unknown", field="item", item=asked.item)
    people = {role: await _find(role, person, deps) for role, person in asked.people.items()}
    people.setdefault("subject", people["applicant"])
    tried = tuple(_try(requirement, people, asked.form, deps) for requirement in item.requirements)
    registered = {role: evidence.resident_id is not None for role, evidence in people.items()}
    changes = [deps.looks.save(look) for look in _looks(item, people, asked, official, deps)]
    return Outcome(changes=changes, result=DryRun(item.id, registered, tried))


async def _find(role: Role, person: Person, deps: Deps) -> Evidence:
    """Return what is held about a person; about somebody who is not registered too, when named by number."""
    if person.number is not None:
        index = deps.blind_index.of(_checked(role, person.number, deps))
        return await deps.evidence.get(index) or Evidence(id=index)
    found = await deps.evidence.of_resident(person.resident_id or "")
    if found is None:
        raise Unknown("resident-unknown", field=f"{role}/resident_id")
    return found


def _checked(role: Role, number: str, deps: Deps) -> str:
    try:
        return identity_number.parse(number, today=deps.today).number
    except Refusal as refusal:
        raise Refusal(refusal.code, field=f"{role}/number", **refusal.params) from refusal


def _try(requirement: Requirement, people: Mapping[Role, Evidence], form: Mapping[str, Value], deps: Deps) -> Tried:
    holder = people.get(requirement.holder)
    if holder is None:
        return Tried(requirement, None)
    claims = claims_of(requirement, people, form)
    return Tried(requirement, decide(holder, requirement.document_types, claims, deps.rules, deps.today))


def _looks(item: Item, people: Mapping[Role, Evidence], asked: Asked, official: str, deps: Deps) -> list[Look]:
    residents = sorted({evidence.resident_id for evidence in people.values() if evidence.resident_id})
    at = deps.clock()
    return [
        Look(
            id=new_id("look"),
            resident_id=resident_id,
            item=item.id,
            official=official,
            purpose=asked.purpose,
            at=at,
        )
        for resident_id in residents
    ]
