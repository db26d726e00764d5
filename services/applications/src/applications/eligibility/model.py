"""Every item judged for one person: may they apply, what would they bring, from when, or why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from applications.domain.eligibility import CheckedRequirement, check_rules, possible_from
from applications.domain.item import ItemRequirement, ServiceItem
from applications.domain.needed import Need, need_of
from applications.domain.people import Party, ResidentHoldings
from applications.domain.record import PersonRole
from applications.domain.rules import Rule
from applications.domain.scans import HandedIn

Verdict = Literal["may", "may-from", "choose-child", "own-sign-in", "may-not"]
"""`may-from`: nothing but the day stands against it. `choose-child`: it is for a child, and none was named.
`own-sign-in`: both parties confirm with a sign-in of their own, so nobody else can apply for them."""

_ORDER: tuple[Verdict, ...] = ("may", "may-from", "choose-child", "own-sign-in", "may-not")


@dataclass(frozen=True, slots=True)
class CheckedPerson:
    """For whom items are judged: the people by role, and what is known of them.

    `is_child`: whoever is signed in asks as the guardian of a child; without, an item about a child has no subject yet.
    """

    parties: Mapping[PersonRole, Party]
    suspended: frozenset[PersonRole]
    holdings: Mapping[PersonRole, ResidentHoldings]
    handed_in: HandedIn
    is_child: bool
    is_helped: bool = False
    """Whether a clerk or a terminal asks for them."""


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """An item and what holds for the person."""

    item: ServiceItem
    verdict: Verdict
    possible_from: date | None
    unmet: tuple[CheckedRequirement, ...]
    asked: tuple[ItemRequirement, ...]
    missing: tuple[ItemRequirement, ...]
    """What government does not hold and nobody has handed in; a scan would speed it up."""
    brings_nothing: bool | None
    """None while it depends on a child who was not named."""


def judge_all(items: Iterable[ServiceItem], person: CheckedPerson, today: date) -> tuple[JudgedItem, ...]:
    """Judge every item that is open to new applications, the most useful first.

    That is: what can be had for nothing, then for something, then later (the soonest first), then the rest; by code
    where two are alike.
    """
    judge = _Judge(person, today)
    judged = [judge.item(item) for item in items if not item.retired]
    return tuple(sorted(judged, key=_place))


def _place(judged: JudgedItem) -> tuple[int, bool, date, str]:
    later = judged.possible_from or date.min
    return _ORDER.index(judged.verdict), not judged.brings_nothing, later, judged.item.code


class _Judge:
    """Judges items for one person; a rule or requirement that many items share is looked at once."""

    def __init__(self, person: CheckedPerson, today: date) -> None:
        self._person = person
        self._today = today
        self._rules: dict[Rule, CheckedRequirement] = {}
        self._needs: dict[tuple[object, ...], Need] = {}

    def item(self, item: ServiceItem) -> JudgedItem:
        for_child = item.subject == "child"
        child_missing = for_child and not self._person.is_child
        parties = {
            role: party for role, party in self._person.parties.items() if role != "subject" or not child_missing
        }
        unmet = self._unmet(item, parties, for_child=for_child)
        asked = item.asked
        needs = [(each, self._need(each, parties)) for each in asked]
        missing = tuple(each for each, need in needs if need == "needed")
        later = self._later(item, parties, unmet)
        return JudgedItem(
            item=item,
            verdict=self._verdict(item, unmet, later, child_missing=child_missing),
            possible_from=later,
            unmet=unmet,
            asked=asked,
            missing=missing,
            brings_nothing=None if any(need == "choose-child" for _, need in needs) else not missing,
        )

    def _verdict(
        self, item: ServiceItem, unmet: tuple[CheckedRequirement, ...], later: date | None, *, child_missing: bool
    ) -> Verdict:
        if unmet:
            return "may-not" if later is None else "may-from"
        if self._person.is_helped and item.second_party is not None:
            return "own-sign-in"
        return "choose-child" if child_missing else "may"

    def _unmet(
        self, item: ServiceItem, parties: Mapping[PersonRole, Party], *, for_child: bool
    ) -> tuple[CheckedRequirement, ...]:
        if self._person.is_child and not for_child:
            return (CheckedRequirement("only-oneself", met=False, of="applicant"),)
        suspended = tuple(
            CheckedRequirement("suspended", met=False, of=role) for role in parties if role in self._person.suspended
        )
        checked = check_rules(item, parties, guardian=self._person.is_child, today=self._today, known=self._rules)
        return (*suspended, *(rule for rule in checked if not rule.met))

    def _later(
        self, item: ServiceItem, parties: Mapping[PersonRole, Party], unmet: tuple[CheckedRequirement, ...]
    ) -> date | None:
        if not unmet or not all(rule.waits_for_a_day for rule in unmet):
            return None
        return possible_from(item, parties, guardian=self._person.is_child, today=self._today)

    def _need(self, requirement: ItemRequirement, parties: Mapping[PersonRole, Party]) -> Need:
        numbers = tuple(
            (name, claim)
            for name, claim in requirement.claims.items()
            if isinstance(claim, int) and not isinstance(claim, bool)
        )
        alike = (requirement.any_of, requirement.holder, requirement.holder in parties, numbers)
        if alike not in self._needs:
            found = need_of(requirement, parties, self._person.holdings, self._person.handed_in, self._today)
            self._needs[alike] = found.need
        return self._needs[alike]
