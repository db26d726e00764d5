"""What a resident sees before applying: each rule, and what need not be brought."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel

from applications.api.item_views import ItemRequirementView
from applications.api.labels import LabelledCode, Labels
from applications.api.prefilled_views import PrefilledView
from applications.domain.eligibility import CheckedRequirement
from applications.domain.item import ServiceItem
from applications.domain.needed import DocumentNeed, Need
from applications.domain.record import PersonRole
from applications.handlers.catalogue import ExplainedItem


class CheckedView(BaseModel):
    """A rule, whether it is met, and with which figures."""

    code: str
    of: PersonRole
    met: bool
    text: str

    @classmethod
    def of_rule(cls, checked: CheckedRequirement, item: ServiceItem, wording: Labels) -> Self:
        key = "checked.met" if checked.met else "checked.not-met"
        verdict = wording.say(key, rule=wording.rule(checked, item.code))
        return cls(code=checked.code, of=checked.of, met=checked.met, text=verdict)


class EligibilityHeldView(BaseModel):
    """What government holds."""

    document: LabelledCode
    source: str
    source_name: str
    valid_until: date | None


class NeedView(ItemRequirementView):
    """A requirement, and whether anything has to be brought for it."""

    need: Need
    held: EligibilityHeldView | None
    text: str


class EligibilityView(BaseModel):
    """Whether one may apply, and what one need not bring.

    `eligible` is null, and `text` says so, while the item is for a child and no child was named.
    """

    item: LabelledCode
    eligible: bool | None
    text: str
    suspended: bool
    rules: list[CheckedView]
    documents: list[NeedView]
    need_not_bring: list[LabelledCode]
    bring: list[str]
    prefilled: list[PrefilledView]

    @classmethod
    def of(cls, explained: ExplainedItem, wording: Labels) -> Self:
        item = explained.item
        needs = [_need(each, item, wording) for each in explained.documents]
        return cls(
            item=wording.item(item.code),
            eligible=explained.eligible,
            text=wording.say(f"eligible.{_verdict(explained)}"),
            suspended=explained.suspended,
            rules=[CheckedView.of_rule(rule, item, wording) for rule in explained.rules],
            documents=needs,
            need_not_bring=[need.held.document for need in needs if need.held is not None],
            bring=[need.text for need in needs if need.need == "needed"],
            prefilled=[PrefilledView.of(each, wording) for each in explained.prefilled],
        )


def _verdict(explained: ExplainedItem) -> str:
    if explained.eligible is None:
        return "choose-child"
    return "yes" if explained.eligible else "no"


def _need(each: DocumentNeed, item: ServiceItem, wording: Labels) -> NeedView:
    held = each.holding
    names = wording.say("any-of").join(named.name for named in wording.documents(each.requirement.any_of))
    document = wording.document(held.document_type).name if held else names
    shown = ItemRequirementView.of(each.requirement, item, wording)
    return NeedView(
        **shown.model_dump(),
        need=each.need,
        held=held
        and EligibilityHeldView(
            document=wording.document(held.document_type),
            source=held.source,
            source_name=wording.source(held.source),
            valid_until=held.valid_until,
        ),
        text=wording.say(
            f"needs.{each.need}",
            document=document,
            who=shown.holder_name,
            source=wording.source(held.source) if held else "",
        ),
    )
