"""Messages checked without any system: envelope, schema and authority, every fault with its place and its rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from conformance.contract import Contract
from messaging.envelope import BrokenMessageError, Envelope, unseal
from standards.document_fields import faults_in

DATES = FormatChecker(formats=())
DATES.checks("date", raises=ValueError)(lambda text: not isinstance(text, str) or bool(date.fromisoformat(text)))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a message: a code, a JSON pointer to the place (empty for all of it), what belongs there."""

    reason: str
    path: str
    rule: str


def check(body: bytes, contract: Contract) -> tuple[Fault, ...]:
    """Return everything that is wrong with a message, nothing when it is right."""
    try:
        envelope = unseal(body)
    except BrokenMessageError as error:
        return (Fault(error.reason, error.path, error.rule),)
    return tuple(_faults(envelope, contract))


def _faults(envelope: Envelope, contract: Contract) -> Iterator[Fault]:
    schema = contract.schemas.get(envelope.type)
    if schema is None:
        yield Fault("unknown-type", "/type", " | ".join(contract.schemas))
        return
    if envelope.source != contract.source:
        yield Fault("wrong-source", "/source", repr(contract.source))
    broken = sorted(Draft202012Validator(schema, format_checker=DATES).iter_errors(envelope.data), key=_place)
    yield from (Fault("wrong-schema", _place(error), error.message) for error in broken)
    if isinstance(envelope.data, dict):
        yield from _authority(envelope.case, envelope.data, contract)
        named = {_place(error) for error in broken}
        yield from (fault for fault in _fields(envelope.data, contract) if fault.path not in named)


def _authority(case: str, data: dict[str, Any], contract: Contract) -> Iterator[Fault]:
    department, kind, holder = (data.get(name) for name in ("department", "document_type", "holder_index"))
    if not contract.is_city and department is not None and department != contract.department:
        yield Fault("wrong-department", "/data/department", repr(contract.department))
    if isinstance(kind, str) and kind not in contract.kept_by:
        yield Fault("unknown-document-type", "/data/document_type", " | ".join(sorted(contract.kept_by)))
    elif isinstance(kind, str) and kind not in contract.keeps:
        yield Fault("document-type-not-kept", "/data/document_type", " | ".join(contract.keeps))
    if isinstance(holder, str) and case != holder:
        yield Fault("wrong-case", "/correlationid", "= /data/holder_index")


def _fields(data: dict[str, Any], contract: Contract) -> Iterator[Fault]:
    """Find what the schema does not say: that each value is of the kind that the document type's field has."""
    kind, values = data.get("document_type"), data.get("fields")
    if kind in contract.keeps and isinstance(values, dict):
        for reason, name, rule in faults_in(kind, values):
            yield Fault(reason, f"/data/fields/{name}", rule)


def _place(error: ValidationError) -> str:
    """Return the JSON pointer of a fault in the data; of what is missing, where it ought to be."""
    steps = ["data", *map(str, error.absolute_path)]
    required, instance = error.validator_value, error.instance
    if error.validator == "required" and isinstance(required, list) and isinstance(instance, dict):
        steps += [name for name in required if name not in instance and error.message.startswith(repr(name))]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
