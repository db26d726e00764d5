"""What the resident's pages read of the interface's answers about items and who may have them."""

from __future__ import annotations

from portal.frame.calls import GatewayAnswer

Value = str | bool | int | list[str] | None


class CatalogueNamed(GatewayAnswer):
    """A code with its name in the person's language."""

    code: str
    name: str

    @property
    def option(self) -> tuple[str, str, str]:
        """As one of several to choose from."""
        return self.code, self.name, ""


class CataloguePromise(GatewayAnswer):
    """By when it is decided."""

    text: str


class CatalogueItemSummary(GatewayAnswer):
    """An item in a list."""

    code: str
    name: str
    description: str
    for_whom: str
    department: CatalogueNamed
    subject: str
    promise: CataloguePromise
    grants: CatalogueNamed | None


class Items(GatewayAnswer):
    """One page of the catalogue."""

    items: tuple[CatalogueItemSummary, ...]
    next: str | None = None


class CatalogueChoice(GatewayAnswer):
    """An answer that is offered."""

    value: str
    label: str


class Question(GatewayAnswer):
    """A question of an item's form."""

    key: str
    type: str
    label: str
    required: bool
    choices: tuple[CatalogueChoice, ...]
    max_length: int

    @property
    def options(self) -> list[tuple[str, str, str]]:
        """What is offered to choose from."""
        return [(each.value, each.label, "") for each in self.choices]


class Rule(GatewayAnswer):
    """A rule of who may apply."""

    text: str


class CatalogueRequirement(GatewayAnswer):
    """A document that an item asks for: any one of `any_of`."""

    key: str
    any_of: tuple[CatalogueNamed, ...]
    holder: str
    holder_name: str


class CatalogueSecondParty(GatewayAnswer):
    """Who must confirm, and what."""

    name: str
    statement: str


class CatalogueItem(CatalogueItemSummary):
    """An item with everything that an applicant asks."""

    rules: tuple[Rule, ...]
    form: tuple[Question, ...]
    requirements: tuple[CatalogueRequirement, ...]
    second_party: CatalogueSecondParty | None
    reviewed_by_people: bool
    retired: bool


class Checked(GatewayAnswer):
    """A rule that was checked for the person."""

    met: bool
    text: str


class HeldBy(GatewayAnswer):
    """Who holds it."""

    source_name: str


class CatalogueNeed(CatalogueRequirement):
    """A requirement, and whether anything has to be brought for it: held, handed-in, needed, other-party."""

    need: str
    held: HeldBy | None
    text: str


class Eligibility(GatewayAnswer):
    """Whether somebody may apply, and what they need not bring."""

    eligible: bool | None
    text: str
    rules: tuple[Checked, ...]
    documents: tuple[CatalogueNeed, ...]
    bring: tuple[str, ...]


class Judged(GatewayAnswer):
    """An item, and whether the person may have it."""

    item: CatalogueNamed
    verdict: str
    brings_nothing: bool | None
    text: str
    promise: str
    second_party: str | None = None


class EligibilityOfAll(GatewayAnswer):
    """Every item, what can be had at once for nothing first."""

    items: tuple[Judged, ...]
