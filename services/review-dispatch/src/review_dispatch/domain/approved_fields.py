"""The values that an approval puts into the credential store: what was claimed, as the reviewer corrected it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from review_dispatch.domain.record import Value
from review_dispatch.domain.routes import DocumentRoute
from review_dispatch.domain.task import DocumentReview, Task, TaskApproval
from runtime.errors import Refusal, Refusals
from standards.field_kinds import FieldKind, is_date, is_enterable


def approved_fields(
    task: Task, before: TaskApproval | None, corrections: Mapping[str, Value], route: DocumentRoute
) -> dict[str, Value]:
    """Lay the corrections over the first approval, or over the claims as far as the document type has such fields.

    Raises Refusals for corrections that the document type does not have or whose value is of the wrong kind.
    """
    if not isinstance(task.about, DocumentReview):
        return {}
    _check(task.about, corrections, route)
    known = {name: value for name, value in task.about.claims.items() if not route.fields or name in route.fields}
    return {**(before.fields if before else known), **corrections}


def end_of_validity(
    fields: Mapping[str, Value], given: date | None, route: DocumentRoute, *, today: date
) -> date | None:
    """Return the end of validity that the reviewer read, or that stands in the document's own field.

    Raises Refusal when it is missing though required, given though the document type has none, or in the past.
    """
    until = given or _own_end(fields, route)
    if until is None and route.valid_until == "required":
        raise Refusal("valid-until-needed", field="valid_until")
    if until is not None and route.valid_until == "none":
        raise Refusal("valid-until-not-asked", field="valid_until")
    if until is not None and until < today:
        raise Refusal("valid-until-passed", field="valid_until", date=until)
    return until


def with_end(fields: dict[str, Value], until: date | None, route: DocumentRoute) -> dict[str, Value]:
    """Put the end that the reviewer read into the document's own field, where that was empty."""
    own = route.valid_until_field
    return fields if own is None or until is None or own in fields else {**fields, own: until.isoformat()}


def enterable_fields(review: DocumentReview, route: DocumentRoute) -> dict[str, FieldKind]:
    """Return what a reviewer may correct or fill in."""
    if route.fields:
        return {name: kind for name, kind in route.fields.items() if kind != "key"}
    enterable: dict[str, FieldKind] = {compared.field: "text" for compared in review.comparison}
    return enterable | {name: _kind_of(value) for name, value in review.claims.items()}


def _check(review: DocumentReview, corrections: Mapping[str, Value], route: DocumentRoute) -> None:
    enterable = enterable_fields(review, route)
    faults: list[Refusal] = []
    for name, value in corrections.items():
        if name not in enterable:
            fields = ", ".join(enterable)
            faults.append(Refusal("approval-field-unknown", field=f"fields/{name}", name=name, fields=fields))
        elif not is_enterable(enterable[name], value):
            faults.append(Refusal(f"approval-field-not-{enterable[name]}", field=f"fields/{name}", name=name))
    if faults:
        raise Refusals(faults)


def _own_end(fields: Mapping[str, Value], route: DocumentRoute) -> date | None:
    value = fields.get(route.valid_until_field) if route.valid_until_field else None
    return date.fromisoformat(value) if isinstance(value, str) and is_date(value) else None


def _kind_of(value: Value) -> FieldKind:
    match value:
        case bool():
            return "flag"
        case int():
            return "count"
        case list():
            return "names"
        case str():
            return "text"
