"""Cards: what a reader hands over, what a clerk types, what the services take.

A reader hands over one JSON object with the fields of `WindowCard`, in one of two ways: an agent on the clerk's own
machine (the setting `reader`) answers `GET /card`, which `reader.js` puts into the field `card`; or the reader types
it there itself, like a keyboard (in ASCII, other characters escaped as JSON does). The server fills the form with it;
a clerk can also type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from portal.frame.calls import GatewayAnswer, GatewayProblem, InputFault, Json
from portal.frame.forms import Form
from portal.frame.visits import PageVisit
from standards import communities

FIELDS = ("number", "name", "sex", "birth_date", "nationality_group", "address", "issuing_authority", "valid_from")
"""The fields of a card that always say something; `valid_until` may be empty, with `long_term` checked."""

Text = Annotated[str, StringConstraints(max_length=400)]


class WindowCard(GatewayAnswer):
    """What a reader hands over; `valid_until` is null on a card without an end."""

    number: Text = Field(repr=False)
    name: Text
    sex: Text
    birth_date: Text
    nationality_group: Text
    address: Text
    issuing_authority: Text
    valid_from: Text
    valid_until: Text | None

    @property
    def filled(self) -> dict[str, str]:
        """The fields of the form."""
        shown = {name: str(getattr(self, name)) for name in FIELDS}
        return {**shown, "valid_until": self.valid_until or "", "long_term": "" if self.valid_until else "yes"}


def read(visit: PageVisit, form: Form) -> tuple[dict[str, str], GatewayProblem | None] | None:
    """Return what the form shows after a card was read, and what was wrong with that; None when none was."""
    text = form.text("card")
    if not text:
        return None
    others = {name: value for name, value in form.filled.items() if name not in {"card", "name_confirmed"}}
    try:
        return {**others, **WindowCard.model_validate_json(text).filled}, None
    except ValidationError:
        return dict(form.filled), fault(visit, "card", "window.card.unreadable")


def body(form: Form) -> dict[str, Json]:
    """Return the card as the services take it."""
    card: dict[str, Json] = {name: form.text(name) for name in FIELDS}
    card["valid_until"] = None if form.text("long_term") else form.text("valid_until")
    card["name_confirmed"] = bool(form.text("name_confirmed"))
    return card


def asks_to_compare(problem: GatewayProblem | None, filled: Mapping[str, str]) -> bool:
    """Tell whether a person must compare the name on the card with the one on record."""
    codes = {problem.code, *(each.code for each in problem.errors)} if problem else set()
    return "name-not-confirmed" in codes or bool(filled.get("name_confirmed"))


def fault(visit: PageVisit, field: str, key: str) -> GatewayProblem:
    """Return what is wrong with a field that the page itself looks at: the text, and `<key>-action`."""
    found = InputFault(pointer=f"#/{field}", detail=visit.t(key), action=visit.t(f"{key}-action"))
    return GatewayProblem(status=422, title=visit.t("frame.problem"), errors=(found,))


def offices(visit: PageVisit) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the communities by office: pairs of code and name. A clerk's own come first."""
    own = set(visit.person.communities) if visit.person else set[str]()
    named = [(_name(visit, office), [(it.code, _name(visit, it)) for it in office.communities]) for office in _ALL]
    first = [pair for _, each in named for pair in each if pair[0] in own]
    return ([(visit.t("window.card.own"), first)] if first else []) + named


def community(visit: PageVisit, code: str) -> str:
    """Return a community's name; the code only of one that is no more."""
    return next((_name(visit, it) for office in _ALL for it in office.communities if it.code == code), code)


_ALL = communities.offices()


def _name(visit: PageVisit, named: communities.Office | communities.Community) -> str:
    return named.name.en if visit.language == "en" else named.name.zh_cn
