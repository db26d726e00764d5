"""The answers that only the applicant can give, checked against the item's form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from applications.domain.expression import Facts, value_of
from applications.domain.item import DOCUMENT, FormField, ServiceItem
from applications.domain.needed import first_proof
from applications.domain.people import ResidentHolding, ResidentHoldings
from applications.domain.record import PersonRole, Value
from runtime.errors import Refusal, Refusals
from standards.address import names_place
from standards.field_kinds import is_date

Form = Mapping[str, Value]

_MOST_NAMES = 10
_LARGEST_INTEGER = 2**53


def check_draft(item: ServiceItem, form: Form, *, today: date) -> None:
    """Refuse answers of the wrong kind; what is missing may still come. Reports all faults together."""
    _report([*_unknown(item, form), *_faults(item, form, today)])


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The answer to a field where the applicant gives none, and the document that says so (None: the card)."""

    field: FormField
    value: Value
    document: ResidentHolding | None


def prefilled(
    item: ServiceItem, facts: Facts, holdings: Mapping[PersonRole, ResidentHoldings], *, today: date
) -> tuple[Prefilled, ...]:
    """Draw the defaults of an item's form: for each field the first place that has an answer."""
    drawn = (
        next((found for path in field.default if (found := _draw(path, field, item, facts, holdings, today))), None)
        for field in item.form
    )
    return tuple(each for each in drawn if each is not None)


def completed(item: ServiceItem, form: Form, defaults: Iterable[Prefilled], *, today: date) -> Form:
    """Return the form with its defaults filled in. Refuses what is missing or wrong, all faults together."""
    full = {**{each.field.key: each.value for each in defaults}, **form}
    missing = [
        Refusal("form-missing", field=f"form/{field.key}", label=field.label.zh_cn, label_en=field.label.en)
        for field in item.form
        if field.required and full.get(field.key) in (None, "", [])
    ]
    _report([*_unknown(item, full), *missing, *_faults(item, full, today)])
    return full


def _report(faults: list[Refusal]) -> None:
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Refusals(faults)


def _draw(
    path: str,
    field: FormField,
    item: ServiceItem,
    facts: Facts,
    holdings: Mapping[PersonRole, ResidentHoldings],
    today: date,
) -> Prefilled | None:
    if not path.startswith(DOCUMENT):
        value = value_of(path, facts)
        return None if value is None else Prefilled(field, value, None)
    requirement = next(each for each in item.requirements if each.key == path.removeprefix(DOCUMENT))
    holding = first_proof(requirement, holdings, today)
    said = holding.says.get(requirement.claimed_from(field.key) or "") if holding else None
    if said is None or any(_faults_of(field, said, {}, today)):
        return None
    return Prefilled(field, said, holding)


def _unknown(item: ServiceItem, form: Form) -> Iterator[Refusal]:
    known = {field.key for field in item.form}
    labels = "、".join(f"“{field.label.zh_cn}”" for field in item.form)
    labels_en = ", ".join(f'"{field.label.en}"' for field in item.form)
    for key in form:
        if key not in known:
            yield Refusal("form-unknown-field", field=f"form/{key}", name=key, labels=labels, labels_en=labels_en)


def _faults(item: ServiceItem, form: Form, today: date) -> Iterator[Refusal]:
    for field in item.form:
        value = form.get(field.key)
        if value is not None:
            yield from _faults_of(field, value, form, today)


def _faults_of(field: FormField, value: Value, form: Form, today: date) -> Iterator[Refusal]:
    if field.type == "date":
        return _date_faults(field, value, form, today)
    if field.type == "integer":
        return _integer_faults(field, value)
    if field.type == "names":
        return _names_faults(field, value)
    if field.type == "choice":
        return _choice_faults(field, value)
    return _text_faults(field, value) if field.type != "boolean" else _boolean_faults(field, value)


def _text_faults(field: FormField, value: Value) -> Iterator[Refusal]:
    if not isinstance(value, str):
        yield Refusal("form-not-text", field=f"form/{field.key}")
    elif len(value) > field.max_length:
        yield Refusal("form-too-long", field=f"form/{field.key}", longest=field.max_length)
    elif field.type == "address" and value and not names_place(value):
        labels = {"label": field.label.zh_cn, "label_en": field.label.en}
        yield Refusal("form-not-address", field=f"form/{field.key}", **labels)


def _boolean_faults(field: FormField, value: Value) -> Iterator[Refusal]:
    if not isinstance(value, bool):
        yield Refusal("form-not-boolean", field=f"form/{field.key}")


def _names_faults(field: FormField, value: Value) -> Iterator[Refusal]:
    names = value if isinstance(value, list) else []
    if not 0 < len(names) <= _MOST_NAMES or not all(0 < len(name) <= field.max_length for name in names):
        yield Refusal("form-not-names", field=f"form/{field.key}", most=_MOST_NAMES, longest=field.max_length)


def _choice_faults(field: FormField, value: Value) -> Iterator[Refusal]:
    offered = [choice.value for choice in field.choices]
    if value not in offered:
        yield Refusal("form-not-offered", field=f"form/{field.key}", offered=", ".join(offered))


def _integer_faults(field: FormField, value: Value) -> Iterator[Refusal]:
    where = f"form/{field.key}"
    if isinstance(value, bool) or not isinstance(value, int):
        yield Refusal("form-not-integer", field=where)
        return
    lowest = -_LARGEST_INTEGER if field.at_least is None else field.at_least
    highest = _LARGEST_INTEGER if field.at_most is None else field.at_most
    if not lowest <= value <= highest:
        yield Refusal("form-out-of-range", field=where, at_least=lowest, at_most=highest)


def _date_faults(field: FormField, value: Value, form: Form, today: date) -> Iterator[Refusal]:
    where = f"form/{field.key}"
    day = _date(value)
    if day is None:
        yield Refusal("form-not-date", field=where)
        return
    if field.not_past and day < today:
        yield Refusal("form-date-past", field=where, today=today)
    earlier = _date(form.get(field.after)) if field.after else None
    if earlier is not None and day <= earlier:
        yield Refusal("form-date-order", field=where, after=earlier)


def _date(value: Value | None) -> date | None:
    """Read YYYY-MM-DD and no other way of writing a date: it is compared as text elsewhere."""
    return date.fromisoformat(value) if isinstance(value, str) and is_date(value) else None
