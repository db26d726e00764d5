"""Values of documents as people read and write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from portal.desk.answers import Enterable, Value
from portal.frame.calls import Json
from portal.frame.forms import Form
from portal.frame.visits import PageVisit
from standards.field_kinds import is_date

PREFIX = "value-"
"""What the names of a form's fields begin with that stand for fields of a document."""


def shown(value: Value, visit: PageVisit) -> str:
    """Write a value; nothing where there is none."""
    match value:
        case None:
            return ""
        case bool():
            return visit.t(f"desk.values.{str(value).lower()}")
        case tuple():
            return visit.t("desk.values.between").join(value)
        case str() if is_date(value):
            return visit.day(date.fromisoformat(value))
    return str(value)


def entered(field: Enterable) -> str:
    """Return what an input of the field begins with: what the applicant claims."""
    match field.claimed:
        case None:
            return ""
        case bool():
            return str(field.claimed).lower()
        case tuple():
            return "\n".join(field.claimed)
    return str(field.claimed)


def corrections(form: Form, fields: tuple[Enterable, ...]) -> dict[str, Json]:
    """Return what the reviewer has changed of what was claimed, each as the field's kind wants it."""
    changed: dict[str, Json] = {}
    for field in fields:
        typed = form.text(f"{PREFIX}{field.code}")
        if typed and typed != entered(field):
            changed[field.code] = _typed(field.kind, typed)
    return changed


def pointers(fields: tuple[Enterable, ...]) -> Mapping[str, str]:
    """Lead from the places that a problem names to the form's own fields."""
    return {f"/fields/{field.code}": f"{PREFIX}{field.code}" for field in fields}


def _typed(kind: str, text: str) -> Json:
    match kind:
        case "flag":
            return text == "true"
        case "count":
            return int(text) if text.isdecimal() else text
        case "names":
            return [line.strip() for line in text.splitlines() if line.strip()]
    return text
