"""Messages checked without any system: envelope, schema and authority, every fault with its place and its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import TypeAdapter
from pydantic import ValidationError as InvalidError

from bus.envelope import BrokenMessageError, Envelope, decode_event
from conformance.contract import Contract
from records import parts
from records.checks import check_size, check_term
from records.parts import NUMBER_AS_RECORD, NUMBER_FOR_INDEX, has_number, is_number
from records.person_encryption import Binding, check_binding, header_of
from records.replies import Fault
from standards.document_types import faults_in, fields_of
from standards.field_kinds import is_date
from standards.strict_json import RepeatedNameError, check_names

DATES = FormatChecker(formats=())
DATES.checks("date")(lambda text: not isinstance(text, str) or is_date(text))


_RULES = {
    "required": "missing",
    "additionalProperties": "extra_forbidden",
    "minLength": "string_too_short",
    "maxLength": "string_too_long",
    "minimum": "greater_than_equal",
    "maximum": "less_than_equal",
    "pattern": "index",
    "format": "day",
}
"""The words of a schema, by the names under which the answers to senders tell them."""
_TYPES = {"string": "string_type", "integer": "int_type", "object": "dict_type"}
_LIMITS = {"minLength": "min_length", "maxLength": "max_length", "minimum": "ge", "maximum": "le"}


def check(body: bytes, contract: Contract) -> tuple[Fault, ...]:
    """Return everything that is wrong with a message, nothing when it is right."""
    try:
        envelope = decode_event(body)
        check_names(body)
    except RepeatedNameError as error:
        return (Fault("repeated-name", error.path, _own(contract)),)
    except BrokenMessageError as error:
        return (Fault(error.reason, error.path, {**_own(contract), **error.params}),)
    return tuple(_faults(envelope, contract))


def _faults(envelope: Envelope, contract: Contract) -> Iterator[Fault]:
    schema = contract.schemas.get(envelope.type)
    if schema is None:
        yield Fault("unknown-type", "/type", _own(contract))
        return
    if envelope.source != contract.source:
        yield Fault("wrong-source", "/source", {"expected": contract.source})
    broken = sorted(Draft202012Validator(schema, format_checker=DATES).iter_errors(envelope.data), key=_place)
    yield from map(_broken, broken)
    if isinstance(envelope.data, dict):
        yield from _authority(envelope.case, envelope.data, contract)
        named = {_place(error) for error in broken}
        yield from (fault for fault in _fields(envelope.data, contract) if fault.path not in named)
        yield from () if named else _bounds(envelope.data)
        if "person" in envelope.data and "/data/person" not in named:
            yield from _person(envelope, envelope.data, contract)


def _authority(case: str, data: dict[str, Any], contract: Contract) -> Iterator[Fault]:
    department, kind, holder = (data.get(name) for name in ("department", "document_type", "holder_index"))
    if not contract.is_city and department is not None and department != contract.department:
        yield Fault("wrong-department", "/data/department", {"expected": contract.department})
    choices = {"choices": ", ".join(sorted(contract.keeps))}
    if isinstance(kind, str) and kind not in contract.keepers:
        yield Fault("unknown-document-type", "/data/document_type", choices)
    elif isinstance(kind, str) and kind not in contract.keeps:
        yield Fault("document-type-not-kept", "/data/document_type", choices)
    if has_number(data.get("record_id")):
        yield Fault(NUMBER_AS_RECORD, "/data/record_id")
    if is_number(case):
        yield Fault(NUMBER_FOR_INDEX, "/correlationid")
    elif "person" in data:
        yield from () if case == data.get("record_id") else (Fault("case-not-record", "/correlationid"),)
    elif isinstance(holder, str) and case != holder:
        yield Fault("wrong-case", "/correlationid")


def _person(envelope: Envelope, data: dict[str, Any], contract: Contract) -> Iterator[Fault]:
    """Find what can be seen of an encrypted person without opening it: how, and for which event it was encrypted."""
    try:
        header = header_of(data["person"])
        check_binding(header, Binding(contract.source, envelope.type, str(data.get("record_id"))))
    except BrokenMessageError as error:
        yield Fault(error.reason, error.path)


def _fields(data: dict[str, Any], contract: Contract) -> Iterator[Fault]:
    """Find what the schema does not say: that each value is of the kind that the document type's field has."""
    kind, values = data.get("document_type"), data.get("fields")
    if kind in contract.keeps and isinstance(values, dict):
        for reason, name, _, params in faults_in(kind, values):
            holds = fields_of(kind)[name]
            told = NUMBER_FOR_INDEX if holds == "key" and is_number(values.get(name)) else reason
            yield Fault(told, f"/data/fields/{name}", {"field": name, "fault": f"kind-{holds}", **params})


def _bounds(data: dict[str, Any]) -> Iterator[Fault]:
    """Find what neither the schema nor the kinds of the fields say: how much there may be, and days in their order."""
    begins, ends = data.get("valid_from"), data.get("valid_until")
    try:
        TypeAdapter(parts.Fields).validate_python(data.get("fields", {}))
        check_size(data.get("fields", {}))
        check_term(date.fromisoformat(begins) if begins else None, date.fromisoformat(ends) if ends else None)
    except InvalidError as invalid:
        broken = invalid.errors()[0]
        path = "".join(f"/{step}" for step in ("data", "fields", *broken["loc"]))
        yield Fault("wrong-schema", path, {**broken.get("ctx", {}), "fault": broken["type"]})
    except BrokenMessageError as error:
        yield Fault(error.reason, error.path, error.params)


def _own(contract: Contract) -> dict[str, str | int]:
    """Return what only this department writes into an envelope."""
    return {"source": contract.source, "type": '" / "'.join(contract.schemas)}


def _broken(error: ValidationError) -> Fault:
    """Tell a broken rule of the schema as the system would tell it."""
    path, keyword = _place(error), str(error.validator)
    if path == "/data/holder_index" and is_number(error.instance):
        return Fault(NUMBER_FOR_INDEX, path)
    limit: Mapping[str, str | int] = {_LIMITS[keyword]: str(error.validator_value)} if keyword in _LIMITS else {}
    return Fault("wrong-schema", path, {**limit, "fault": _rule(path, keyword, error.validator_value)})


def _rule(path: str, keyword: str, value: object) -> str:
    if keyword == "anyOf":
        return "value" if path.startswith("/data/fields/") else "day"
    return _TYPES.get(str(value), "other") if keyword == "type" else _RULES.get(keyword, "other")


def _place(error: ValidationError) -> str:
    """Return the JSON pointer of a fault in the data; of what is missing, where it ought to be."""
    steps = ["data", *map(str, error.absolute_path)]
    required, instance = error.validator_value, error.instance
    if error.validator == "required" and isinstance(required, list) and isinstance(instance, dict):
        steps += [name for name in required if name not in instance and error.message.startswith(repr(name))]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
