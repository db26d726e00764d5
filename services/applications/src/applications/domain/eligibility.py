"""Who may apply for an item: each rule, whether it is met, and with which figures."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import date

from applications.domain.item import ServiceItem
from applications.domain.people import KnownResident, Party
from applications.domain.record import PersonRole
from applications.domain.rules import AgeRule, GuardianRule, RegisteredRule, Rule
from runtime.errors import NotAllowed, Param, Refusal, Refusals
from standards import age
from standards.areas import lies_in


@dataclass(frozen=True, slots=True)
class CheckedRequirement:
    """One rule, whether it is met; `code` and `params` make the text that explains it."""

    code: str
    met: bool
    of: PersonRole
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def waits_for_a_day(self) -> bool:
        """Whether it is not met yet, and will be when the person is old enough."""
        return not self.met and self.code == "age-at-least"


def check_rules(
    item: ServiceItem,
    people: Mapping[PersonRole, Party],
    *,
    guardian: bool,
    today: date,
    known: MutableMapping[Rule, CheckedRequirement] | None = None,
) -> tuple[CheckedRequirement, ...]:
    """Check every rule of an item whose person is known.

    `known` holds what was checked for the same people on the same day: items share rules.
    """
    known = {} if known is None else known
    rules = [rule for rule in item.eligibility if _person_of(rule) in people]
    for rule in rules:
        if rule not in known:
            known[rule] = _check(rule, people, guardian=guardian, today=today)
    return tuple(known[rule] for rule in rules)


def possible_from(item: ServiceItem, people: Mapping[PersonRole, Party], *, guardian: bool, today: date) -> date | None:
    """Return the first day, from today on, on which every rule is met; None when no day alone changes it.

    Whoever is old enough stays so, and whoever is too old, too: only the first of these days is to be looked at.
    """
    days = [
        rule.reached_from(people[rule.of].birth_date, rule.at_least)
        for rule in item.eligibility
        if isinstance(rule, AgeRule) and rule.at_least is not None and rule.of in people
    ]
    first = max([today, *days])
    met = all(rule.met for rule in check_rules(item, people, guardian=guardian, today=first))
    return first if met else None


def check_second_party(item: ServiceItem, person: Party, *, today: date) -> tuple[CheckedRequirement, ...]:
    """Check the rules about the second party, once it is known who that is."""
    return tuple(
        _check(rule, {"second-party": person}, guardian=False, today=today)
        for rule in item.eligibility
        if not isinstance(rule, GuardianRule) and rule.of == "second-party"
    )


def refuse_ineligible(item: ServiceItem, checked: tuple[CheckedRequirement, ...]) -> None:
    """Raise Refusal for a rule that is not met, Refusals for several, each named."""
    broken = [Refusal(f"not-eligible-{rule.code}", field="item", **rule.params) for rule in checked if not rule.met]
    if len(broken) == 1:
        raise broken[0]
    if broken:
        raise Refusals(broken)
    if item.retired:
        raise Refusal("item-retired", field="item", **item.names)


def refuse_suspended(resident: KnownResident) -> None:
    """Raise NotAllowed for a person who is suspended."""
    if resident.suspended:
        raise NotAllowed("suspended-person")


def refuse_stranger(item: ServiceItem, applicant_id: str, subject_id: str, *, guardian: bool) -> None:
    """Let the applicant apply for themselves, or as the guardian where the item asks. Raises Refusal, NotAllowed."""
    if item.subject == "applicant" and subject_id != applicant_id:
        raise Refusal("subject-not-allowed", field="subject_id", **item.names)
    if item.subject == "child" and subject_id == applicant_id:
        raise Refusal("subject-needed", field="subject_id", **item.names)
    if subject_id != applicant_id and not guardian:
        raise NotAllowed("no-guardianship", field="subject_id")


def _person_of(rule: Rule) -> PersonRole:
    return "subject" if isinstance(rule, GuardianRule) else rule.of


def _check(rule: Rule, people: Mapping[PersonRole, Party], *, guardian: bool, today: date) -> CheckedRequirement:
    if isinstance(rule, AgeRule):
        return _check_age(rule, people[rule.of], today)
    if isinstance(rule, RegisteredRule):
        return _check_registered(rule, people[rule.of])
    return CheckedRequirement("guardian", guardian, "applicant")


def _check_age(rule: AgeRule, person: Party, today: date) -> CheckedRequirement:
    on = rule.measured_on(today)
    years = age.years(person.birth_date, on)
    too_young = rule.at_least is not None and years < rule.at_least
    too_old = rule.at_most is not None and years > rule.at_most
    code = "age-at-most" if too_old or rule.at_least is None else "age-at-least"
    bound = rule.at_most if code == "age-at-most" else rule.at_least
    params: dict[str, Param] = {"years": bound or 0, "on": on, "age": years, "by": rule.by or ""}
    return CheckedRequirement(code, not (too_young or too_old), rule.of, params)


def _check_registered(rule: RegisteredRule, person: Party) -> CheckedRequirement:
    """Check where the address on the card lies. One that does not say its city is no yes for either rule."""
    place = rule.place.zh_cn
    params: dict[str, Param] = {"place": place, "place_en": rule.place.en}
    lies_there = lies_in(person.address, place)
    if lies_there is None:
        return CheckedRequirement("registered-unclear", met=False, of=rule.of, params=params)
    code = "registered-in" if rule.registered else "not-registered-in"
    return CheckedRequirement(code, lies_there == rule.registered, rule.of, params)
