"""The catalogue: telling others what items need, and telling a resident what an item would need of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from applications import events
from applications.domain.catalogue import digest_of
from applications.domain.eligibility import CheckedRequirement, check_rules
from applications.domain.expression import Facts
from applications.domain.form import Prefilled, prefilled
from applications.domain.item import ServiceItem
from applications.domain.needed import DocumentNeed, needs_of
from applications.domain.published_item import PublishedItem
from applications.domain.scans import HandedIn
from applications.handlers.access_events import AccessSubject, accessed
from applications.handlers.dependencies import Deps
from applications.handlers.parties import KnownParties, NamedParty, acting, holdings_of, people_named
from bus.event import Outcome
from runtime.clock import today
from runtime.errors import NotAllowed, Refusal
from web.auth import Principal
from web.presences import PresentCaller


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """Whether somebody may apply for an item, rule by rule, and what they would have to bring."""

    item: ServiceItem
    suspended: bool
    rules: tuple[CheckedRequirement, ...]
    documents: tuple[DocumentNeed, ...]
    prefilled: tuple[Prefilled, ...]
    child_missing: bool
    """The item is for a child, and none was named: what depends on the child is not explained."""

    @property
    def eligible(self) -> bool | None:
        """Whether nothing stands against it; None while nothing does, but the child is not known."""
        if self.suspended or self.item.retired or not all(rule.met for rule in self.rules):
            return False
        return None if self.child_missing else True


async def explain(code: str, subject_id: str | None, by: PresentCaller, deps: Deps) -> Outcome[ExplainedItem]:
    """Explain an item to a resident, for themselves or, which is told, for a child of theirs; so is a helper's look."""
    item = deps.catalogue.item(code)
    people = await _people(item, subject_id, by.resident, deps)
    parties = people.parties
    child_missing = item.subject == "child" and subject_id is None
    if child_missing:
        del parties["subject"]  # what depends on the child is explained when the child is named
    day = today(deps.clock())
    rules = check_rules(item, parties, guardian=people.guardian, today=day)
    found, handed_in = await asyncio.gather(holdings_of(people, deps), deps.handed_in.get(people.applicant.id))
    holdings = {role: held for role, held in found.items() if role in parties}
    documents = needs_of(item, parties, holdings, handed_in or HandedIn(id=people.applicant.id), day)
    explained = ExplainedItem(
        item,
        people.applicant.suspended or people.subject.suspended,
        rules,
        documents,
        prefilled(item, Facts(parties, {}, "", ""), holdings, today=day),
        child_missing,
    )
    types = [each for document in documents for each in document.requirement.any_of]
    parties_seen = [people.applicant.party, people.subject.party]
    told = accessed(
        AccessSubject(item.code, None), parties_seen, by.eyes, deps, how="viewed", what="evidence", types=types
    )
    return Outcome(accesses=told, case=people.subject.id, result=explained)


async def publish_items(deps: Deps) -> list[Outcome[None]]:
    """Publish every item whose content has changed since it was last published."""
    known = {each.id: each for each in await deps.published_items.everything()}
    outcomes: list[Outcome[None]] = []
    for item in deps.catalogue.items.values():
        digest = digest_of(item)
        before = known.get(item.code) or PublishedItem(id=item.code, digest="")
        if before.digest != digest:
            save = deps.published_items.save(before.model_copy(update={"digest": digest}))
            outcomes.append(Outcome(changes=[save], events=[_item_published(item, digest)], case=item.code))
    return outcomes


async def _people(item: ServiceItem, subject_id: str | None, by: Principal, deps: Deps) -> KnownParties:
    """Find the applicant and the subject; without a child named, an item for children is explained without one."""
    if subject_id is None:
        applicant = await acting(by, deps)
        return KnownParties(applicant, applicant, None, guardian=False)
    without_second_party = item.model_copy(update={"second_party": None})
    people = await people_named(without_second_party, NamedParty(subject_id=subject_id), by, deps)
    if item.subject == "applicant" and people.subject.id != people.applicant.id:
        raise Refusal("subject-not-allowed", field="subject_id", **item.names)
    if people.subject.id != people.applicant.id and not people.guardian:
        raise NotAllowed("no-guardianship", field="subject_id")
    return people


def _item_published(item: ServiceItem, digest: str) -> events.ItemPublished:
    return events.ItemPublished(
        item=item.code,
        digest=digest,
        requirements=[
            events.RequirementPublished(
                key=requirement.key,
                document_types=list(requirement.any_of),
                holder=requirement.holder,
                claims=dict(requirement.claims),
            )
            for requirement in item.asked
        ],
        defaults={field.key: list(field.default) for field in item.form if field.default},
    )
