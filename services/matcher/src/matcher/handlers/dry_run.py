"""The dry run: what would match for a person and an item, for officials; the person can read who tried it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.event import Outcome
from matcher.domain.claims import ClaimRequirement, Role, claims_of
from matcher.domain.evidence import Evidence, Value
from matcher.domain.item import Item
from matcher.domain.prefill import filled
from matcher.domain.verdicts import Verdict, decide
from matcher.events import DataAccessed
from matcher.handlers.dependencies import Deps
from privacy.access_log import By, Holder
from runtime.errors import NotFound, Refusal
from runtime.ids import new_id
from standards import identity_number
from web.auth import Principal


@dataclass(frozen=True, slots=True)
class DryRunPerson:
    """A person as the official names them: by resident id, or by identity number."""

    resident_id: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class DryRunRequest:
    """What is to be tried: `people` has the applicant, and the others where the item has them."""

    item: str
    people: Mapping[Role, DryRunPerson]
    form: Mapping[str, Value]
    purpose: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One requirement: the verdict, or None where nobody was named who would hold the document."""

    requirement: ClaimRequirement
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """The answers, requirement by requirement; `registered` says of each person whether they could apply at all."""

    item: str
    registered: Mapping[Role, bool]
    tried: tuple[Tried, ...]


async def dry_run(asked: DryRunRequest, by: Principal, deps: Deps) -> Outcome[DryRun]:
    """Try what would match. Raises NotFound for an item or resident not known, Refusal for a wrong number."""
    item = await deps.items.get(asked.item)
    if item is None:
        raise NotFound("item-unknown", field="item", item=asked.item)
    people = {role: await _find(role, person, deps) for role, person in asked.people.items()}
    people.setdefault("subject", people["applicant"])
    form = filled(item, people, asked.form, deps.today, deps.rules)
    tried = tuple(_try(requirement, people, form, deps) for requirement in item.requirements)
    registered = {role: evidence.resident_id is not None for role, evidence in people.items()}
    told = _accessed(item, people, asked, by, deps)
    return Outcome(
        accesses=told,
        case=people["applicant"].resident_id or new_id("look"),
        result=DryRun(item.id, registered, tried),
    )


async def _find(role: Role, person: DryRunPerson, deps: Deps) -> Evidence:
    """Return what is held about a person; about somebody who is not registered too, when named by number."""
    if person.number is not None:
        index = deps.opener.index.of(_checked(role, person.number, deps))
        return await deps.evidence.get(index) or Evidence(id=index)
    found = await deps.evidence.of_resident(person.resident_id or "")
    if found is None:
        raise NotFound("resident-unknown", field=f"{role}/resident_id")
    return found


def _checked(role: Role, number: str, deps: Deps) -> str:
    try:
        return identity_number.parse(number, today=deps.today).number
    except Refusal as refusal:
        raise Refusal(refusal.code, field=f"{role}/number", **refusal.params) from refusal


def _try(
    requirement: ClaimRequirement, people: Mapping[Role, Evidence], form: Mapping[str, Value], deps: Deps
) -> Tried:
    holder = people.get(requirement.holder)
    if holder is None:
        return Tried(requirement, None)
    claims = claims_of(requirement, people, form)
    return Tried(requirement, decide(holder, requirement.document_types, claims, deps.rules, deps.today))


def _accessed(
    item: Item, people: Mapping[Role, Evidence], asked: DryRunRequest, by: Principal, deps: Deps
) -> list[DataAccessed]:
    """Tell of everybody whose evidence was tried: of each person once, with the documents that were asked for."""
    wanted: dict[str, list[str]] = {evidence.id: [] for evidence in people.values()}
    for requirement in item.requirements:
        if requirement.holder in people:
            wanted[people[requirement.holder].id] += requirement.document_types
    return [
        event
        for evidence in {evidence.id: evidence for evidence in people.values()}.values()
        for event in DataAccessed.of(
            [Holder(resident_id=evidence.resident_id, index=evidence.id)],
            By.of(by),
            deps.clock(),
            how="tried",
            what="evidence",
            documents=wanted[evidence.id],
            item=item.id,
            purpose=asked.purpose,
        )
    ]
