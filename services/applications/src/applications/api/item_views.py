"""What callers see of the catalogue."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.domain.item import DOCUMENT, FormField, ItemRequirement, NoticePolicy, ServiceItem
from applications.domain.record import PersonRole
from applications.domain.rules import AgeRule, ItemPromise, Months, RegisteredRule, Rule
from runtime.texts import written_month


class PromiseView(BaseModel):
    """By when it is decided; one of the three is set."""

    text: str
    working_days: int | None
    days: int | None
    at_once: bool

    @classmethod
    def of(cls, promise: ItemPromise, wording: Labels) -> Self:
        text = wording.promise(promise)
        return cls(text=text, working_days=promise.working_days, days=promise.days, at_once=bool(promise.at_once))


class ItemSummary(BaseModel):
    """An item in a list."""

    code: str
    name: str
    description: str
    for_whom: str
    department: LabelledCode
    subject: str
    decision: str
    promise: PromiseView
    grants: LabelledCode | None

    @classmethod
    def of(cls, item: ServiceItem, wording: Labels) -> Self:
        return cls(**_summary(item, wording))


class ChoiceView(BaseModel):
    """An answer that is offered."""

    value: str
    label: str


class ItemFieldView(BaseModel):
    """A question of the form."""

    key: str
    type: str
    label: str
    required: bool
    filled_in_from: list[str]
    """What answers it where the applicant does not, the first that has an answer."""
    choices: list[ChoiceView]
    at_least: int | None
    at_most: int | None
    max_length: int

    @classmethod
    def of(cls, field: FormField, wording: Labels) -> Self:
        return cls(
            key=field.key,
            type=field.type,
            label=field.label.say(wording.language),
            required=field.required and all(path.startswith(DOCUMENT) for path in field.default),
            filled_in_from=list(field.default),
            choices=[ChoiceView(value=c.value, label=c.label.say(wording.language)) for c in field.choices],
            at_least=field.at_least,
            at_most=field.at_most,
            max_length=field.max_length,
        )


class ItemRequirementView(BaseModel):
    """A document that the item asks for: any one of `any_of`."""

    key: str
    any_of: list[LabelledCode]
    holder: PersonRole
    holder_name: str

    @classmethod
    def of(cls, requirement: ItemRequirement, item: ServiceItem, wording: Labels) -> Self:
        return cls(
            key=requirement.key,
            any_of=wording.documents(requirement.any_of),
            holder=requirement.holder,
            holder_name=wording.role(item.code, requirement.holder),
        )


class ItemSecondPartyView(BaseModel):
    """Who must confirm, and what."""

    name: str
    statement: str


class RuleView(BaseModel):
    """A rule of who may apply."""

    code: str
    text: str


class NoticesView(BaseModel):
    """Which decisions of the item are published, with names and numbers masked."""

    policy: NoticePolicy
    text: str

    @classmethod
    def of(cls, item: ServiceItem, wording: Labels) -> Self:
        """Say an item's policy."""
        return cls(policy=item.notices, text=wording.say(f"notices.{item.notices}"))


class ServiceItemView(ItemSummary):
    """An item with everything that an applicant asks."""

    rules: list[RuleView]
    form: list[ItemFieldView]
    requirements: list[ItemRequirementView]
    second_party: ItemSecondPartyView | None
    reviewed_by_people: bool
    """Whether people look at what does not match; if not, it is rejected at once with its reasons."""
    endorsed_every_months: int | None
    notices: NoticesView
    retired: bool

    @classmethod
    def of(cls, item: ServiceItem, wording: Labels) -> Self:
        second, validity = item.second_party, item.grants.validity if item.grants else None
        language = wording.language
        return cls(
            **_summary(item, wording),
            rules=[_rule(rule, wording) for rule in item.eligibility],
            form=[ItemFieldView.of(field, wording) for field in item.form],
            requirements=[ItemRequirementView.of(requirement, item, wording) for requirement in item.asked],
            second_party=second
            and ItemSecondPartyView(name=second.name.say(language), statement=second.statement.say(language)),
            reviewed_by_people=item.review == "people",
            endorsed_every_months=validity.endorsed_every if isinstance(validity, Months) else None,
            notices=NoticesView.of(item, wording),
            retired=item.retired,
        )


def _summary(item: ServiceItem, wording: Labels) -> dict[str, object]:
    return {
        "code": item.code,
        "name": item.name.say(wording.language),
        "description": item.description.say(wording.language),
        "for_whom": item.for_whom.say(wording.language),
        "department": wording.department(item.department),
        "subject": item.subject,
        "decision": item.decision.by,
        "promise": PromiseView.of(item.promise, wording),
        "grants": wording.document(item.grants.document_type) if item.grants else None,
    }


def _rule(rule: Rule, wording: Labels) -> RuleView:
    if isinstance(rule, AgeRule):
        code = "age-at-least" if rule.at_least is not None else "age-at-most"
        years = rule.at_least if rule.at_least is not None else rule.at_most
        who = wording.say(f"roles.{rule.of}")
        when = _day_of_year(rule.by, wording) if rule.by else wording.say("rules-of-items.today")
        return RuleView(code=code, text=wording.say(f"rules-of-items.{code}", who=who, years=years, when=when))
    if isinstance(rule, RegisteredRule):
        code = "registered-in" if rule.registered else "not-registered-in"
        who = wording.say(f"roles.{rule.of}")
        return RuleView(
            code=code,
            text=wording.say(f"rules-of-items.{code}", who=who, place=rule.place.zh_cn, place_en=rule.place.en),
        )
    return RuleView(code="guardian", text=wording.say("rules-of-items.guardian"))


def _day_of_year(by: str, wording: Labels) -> str:
    """Say a day of every year that a rule gives as month and day, such as `08-31`."""
    month, day = map(int, by.split("-"))
    return wording.say("rules-of-items.by", month=written_month(wording.language, month), day=day)
