"""Everything that is wrong with a mapping, told at once: its shape, and what could bring in no line or wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credential_store.domain import date_forms, mapping_text
from credential_store.domain.column_map import ColumnSource, Constant, Kind, Mapping, word_key
from records import parts
from runtime.errors import NotAllowed, Refusal, Refusals
from standards.document_types import by_type
from standards.field_kinds import FieldKind, is_date, is_of

_KINDS: dict[FieldKind, tuple[Kind, ...]] = {
    "text": ("text",),
    "date": ("date", "text"),
    "names": ("list",),
    "flag": ("yes-no",),
    "count": ("whole-number",),
    "key": ("text",),
}
"""How a column may be read that holds the field of a document."""
_OWN_KINDS: dict[str, tuple[Kind, ...]] = {
    "record_id": ("text",),
    "number": ("text",),
    "holder_index": ("text",),
    "sequence": ("text", "whole-number"),
    "valid_from": ("date", "text"),
    "valid_until": ("date", "text"),
    "reason": ("text",),
}
_PARTS = tuple(_OWN_KINDS)
_SETTINGS = {"column": tuple(ColumnSource.model_fields), "value": tuple(Constant.model_fields)}
_CODES = {
    "model_type": "mapping-no-column",
    "model_attributes_type": "mapping-no-column",
    "tuple_type": "mapping-words",
    "too_short": "mapping-words",
    "value": "mapping-value",
}
_LONGEST_NAMED = 60

Data = dict[str, Any]
Check = Callable[[str], None]
"""Refuses a document type that there is not, or that its sender does not keep."""


def read_mapping(written: bytes, check: Check) -> Mapping:
    """Read a mapping as it was sent. Raises TooLarge, Refusal, Refusals with everything that is wrong with it.

    Documents that its sender may not speak of are told at once and alone.
    """
    found = mapping_text.read(written)
    faults = list(found.faults)
    mapping = None
    if not isinstance(found.data, dict):
        faults.append(Refusal("mapping-no-object", field="mapping"))
    else:
        try:
            mapping = Mapping.model_validate(found.data)
        except ValidationError as error:
            faults += map(_told, error.errors(include_url=False, include_input=False))
        faults += _beyond_its_shape(found.data)
        faults += _document_type(found.data, check)
    return _without(faults, mapping)


def _document_type(data: Data, check: Check) -> Iterator[Refusal]:
    try:
        check(str(data.get("document_type", "")))
    except NotAllowed:
        raise
    except Refusal as refusal:
        if data.get("document_type"):
            yield refusal


def _without(faults: Sequence[Refusal], mapping: Mapping | None) -> Mapping:
    first_of = {(fault.field, fault.code): fault for fault in reversed(faults)}
    told = list(reversed(first_of.values()))
    if len(told) > 1:
        raise Refusals(told)
    if told:
        raise told[0]
    assert mapping is not None  # noqa: S101 - what has no fault was read
    return mapping


def _told(fault: ErrorDetails) -> Refusal:
    """Tell a fault of the shape in words of our own."""
    location, kind, context = fault["loc"], fault["type"], fault.get("ctx", {})
    steps = _steps(location)
    own = {"[key]": "mapping-field-name", "delimiter": "mapping-delimiter"}.get(str(location[-1]))
    if kind == "missing":
        return _fault("mapping-part-missing", steps, part=steps[-1])
    if kind == "extra_forbidden":
        return _fault("mapping-part-unknown", steps, part=_short(steps[-1]), known=_known(location))
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return _fault("mapping-choice", steps, choices=choices)
    if kind == "string_too_long" and own is None:
        return _fault("mapping-text-long", steps, most=context["max_length"])
    if steps == ["fields"]:
        return _fault("mapping-fields-no-object", steps)
    return _fault(own or _CODES.get(kind, "mapping-text"), steps)


def _steps(location: tuple[int | str, ...]) -> list[str]:
    """Return the way to a fault as one would write it: without which of column and value was tried."""
    steps = [str(step) for step in location if step != "[key]"]
    tag = 2 if steps[:1] == ["fields"] else 1
    if len(steps) > tag and steps[tag] in _SETTINGS and steps[0] in ("fields", *_PARTS):
        del steps[tag]
    return steps


def _known(location: tuple[int | str, ...]) -> str:
    """List what may stand where something unknown does."""
    if len(location) == 1:
        return ", ".join(Mapping.model_fields)
    return ", ".join(_SETTINGS.get(str(location[-2]), ()))


def _fault(code: str, steps: Sequence[str], **params: str | int) -> Refusal:
    place = "/".join(("mapping", *map(_short, steps)))
    return Refusal(code, field=place, place=place, **params)


def _short(name: str) -> str:
    return name[:_LONGEST_NAMED]


def _beyond_its_shape(data: Data) -> Iterator[Refusal]:
    """Find what lets no line in, or lets it in wrongly; parts of another shape are left to those who found that."""
    yield from _for_what_it_says(data)
    yield from _holder(data)
    for name, kinds in _OWN_KINDS.items():
        yield from _part([name], data.get(name), kinds)
    fields = data.get("fields")
    if isinstance(fields, dict):
        declared = by_type().get(str(data.get("document_type")))
        for name, said in fields.items():
            holds = declared.kinds.get(name) if declared else None
            yield from _part(["fields", str(name)], said, _KINDS[holds] if holds else get_args(Kind))
            yield from _constant_field(str(name), said, holds)
        for name, holds in declared.kinds.items() if declared else ():
            if fields and name not in fields and declared and not declared.fields[name].optional:
                yield _fault("mapping-field-missing", ["fields", name], kind=_KINDS[holds][0])


def _for_what_it_says(data: Data) -> Iterator[Refusal]:
    is_withdrawal = data.get("says", "published") == "withdrawn"
    if not is_withdrawal and data.get("fields", {}) == {}:
        yield _fault("mapping-fields-missing", ["fields"])
    if is_withdrawal and data.get("reason") is None:
        yield _fault("mapping-reason-missing", ["reason"])
    if not is_withdrawal and data.get("reason") is not None:
        yield _fault("mapping-reason-needless", ["reason"])
    for name in ("fields", "valid_from", "valid_until"):
        if is_withdrawal and data.get(name):
            yield _fault("mapping-withdrawn-has", [name], part=name)


def _holder(data: Data) -> Iterator[Refusal]:
    """Find whether the holder is named once: by the number, or, until that ends, by its blind index."""
    named = [name for name in ("number", "holder_index") if data.get(name) is not None]
    if not named:
        yield _fault("mapping-part-missing", ["number"], part="number")
    if len(named) > 1:
        yield _fault("mapping-part-unknown", ["holder_index"], part="holder_index", known="number")


def _part(steps: list[str], said: object, kinds: Sequence[Kind]) -> Iterator[Refusal]:
    if not isinstance(said, dict):
        return
    if "column" not in said and "value" in said:
        yield from _constant(steps, said["value"])
        return
    kind = said.get("kind", "text")
    if kind in get_args(Kind) and kind not in kinds:
        yield _fault("mapping-kind", [*steps, "kind"], kinds=", ".join(kinds))
    form = said.get("form")
    if isinstance(form, str) and (code := date_forms.fault_of(form)):
        yield _fault(code, [*steps, "form"], form=_short(form))
    yes, no = (set(map(word_key, _words(said.get(name), name))) for name in ("yes", "no"))
    if common := sorted(yes & no):
        yield _fault("mapping-words-common", [*steps, "yes"], words=", ".join(map(_short, common)))


def _words(said: object, name: str) -> list[str]:
    if said is None:
        return list(ColumnSource.model_fields[name].default)
    return [str(each) for each in (said if isinstance(said, list) else [said])]


def _constant(steps: list[str], value: object) -> Iterator[Refusal]:
    """Check a value that stands for every line as that of a line would be."""
    value = getattr(value, "meaning", value)
    match steps:
        case ["sequence"]:
            is_right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not is_right:
                yield _fault("mapping-constant-sequence", steps)
        case ["holder_index"]:
            if not (isinstance(value, str) and parts.is_index(value)):
                yield _fault("mapping-constant-index", steps)
        case ["valid_from" | "valid_until"]:
            if not (isinstance(value, str) and is_date(value)):
                yield _fault("mapping-constant-date", steps)
        case ["record_id" | "number" | "reason"]:
            if not (isinstance(value, str) and value.strip()):
                yield _fault("mapping-constant-text", steps)


def _constant_field(name: str, said: object, holds: FieldKind | None) -> Iterator[Refusal]:
    if holds and isinstance(said, dict) and "value" in said and "column" not in said:
        value = getattr(said["value"], "meaning", said["value"])
        if not is_of(holds, value):
            yield _fault(f"mapping-constant-{holds}", ["fields", name])
