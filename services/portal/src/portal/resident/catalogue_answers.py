"""What the resident's pages read of the interface's answers about items and who may have them."""

from __future__ import annotations

from portal.frame.calls import Answer

Value = str | bool | int | list[str] | None


class Named(Answer):
    """A code with its name in the person's language."""

    code: str
    name: str

    @property
    def option(self) -> tuple[str, str, str]:
        """As one of several to choose from."""
        return self.code, self.name, ""


class Promise(Answer):
    """By when it is decided."""

    text: str


class ItemSummary(Answer):
    """An item in a list."""

    code: str
    name: str
    description: str
    for_whom: str
    department: Named
    subject: str
    promise: Promise
    grants: Named | None


class Items(Answer):
    """One page of the catalogue."""

    items: tuple[ItemSummary, ...]
    next: str | None = None


class Choice(Answer):
    """An answer that is offered."""

    value: str
    label: str


class Question(Answer):
    """A question of an item's form."""

    key: str
    type: str
    label: str
    required: bool
    choices: tuple[Choice, ...]
    max_length: int

    @property
    def options(self) -> list[tuple[str, str, str]]:
        """What is offered to choose from."""
        return [(each.value, each.label, "") for each in self.choices]


class Rule(Answer):
    """A rule of who may apply."""

    text: str


class Requirement(Answer):
    """A document that an item asks for: any one of `any_of`."""

    key: str
    any_of: tuple[Named, ...]
    holder: str
    holder_name: str


class SecondParty(Answer):
    """Who must confirm, and what."""

    name: str
    statement: str


class Item(ItemSummary):
    """An item with everything that an applicant asks."""

    rules: tuple[Rule, ...]
    form: tuple[Question, ...]
    requirements: tuple[Requirement, ...]
    second_party: SecondParty | None
    reviewed_by_people: bool
    retired: bool


class Checked(Answer):
    """A rule that was checked for the person."""

    met: bool
    text: str


class HeldBy(Answer):
    """Who holds it."""

    source_name: str


class Need(Requirement):
    """A requirement, and whether anything has to be brought for it: held, handed-in, needed, other-party."""

    need: str
    held: HeldBy | None
    text: str


class Eligibility(Answer):
    """Whether somebody may apply, and what they need not bring."""

    eligible: bool | None
    text: str
    rules: tuple[Checked, ...]
    documents: tuple[Need, ...]
    bring: tuple[str, ...]


class Judged(Answer):
    """An item, and whether the person may have it."""

    item: Named
    verdict: str
    brings_nothing: bool | None
    text: str
    promise: str


class EligibilityOfAll(Answer):
    """Every item, what can be had at once for nothing first."""

    items: tuple[Judged, ...]
