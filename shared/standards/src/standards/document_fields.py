"""Which fields the documents of each type have, what they hold, and what is wrong with the values of a record.

Which they are is data (`data/document_fields.yaml`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from runtime.data_files import load
from standards.bounds import fault_in_length
from standards.field_kinds import RULES, FieldKind, is_of

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class DocumentFields(BaseModel):
    """One document type: its fields in the order in which they are shown, and which of them a record may leave out."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fields: dict[FieldName, FieldKind] = Field(min_length=1)
    optional: frozenset[FieldName] = frozenset()

    @model_validator(mode="after")
    def _knows_the_optional(self) -> Self:
        if unknown := self.optional - self.fields.keys():
            message = f"optional fields that it does not have: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        return self


class FieldFault(NamedTuple):
    """What is wrong with a field: a code (`field-missing`, `field-too-long`, `field-not-…`), its name, the rule."""

    reason: str
    field: str
    rule: str
    params: Mapping[str, int] = MappingProxyType({})
    """The figures of a bound, for the texts about it."""


@cache
def by_type() -> Mapping[str, DocumentFields]:
    """Return what ships with this package, by document type. Raises DataFileError naming file and line."""
    return load(Path(str(files("standards"))) / "data" / "document_fields.yaml", dict[str, DocumentFields])


def fields_of(document_type: str) -> dict[FieldName, FieldKind]:
    """Return the fields of a document type and what they hold; nothing for a type that the data file does not name."""
    found = by_type().get(document_type)
    return dict(found.fields) if found else {}


def enterable_fields(document_type: str) -> dict[FieldName, FieldKind]:
    """Return the fields that people may fill in or correct: all but those that join records."""
    return {name: kind for name, kind in fields_of(document_type).items() if kind != "key"}


def faults_in(document_type: str, values: Mapping[str, object]) -> Iterator[FieldFault]:
    """Find what is wrong with the values of a record: a field is missing, or holds what is not of its kind.

    Fields that the data file does not name, and types that it does not name, may hold what they like.
    """
    declared = by_type().get(document_type)
    if declared is None:
        return
    for name, kind in declared.fields.items():
        if name not in values:
            if name not in declared.optional:
                yield FieldFault("field-missing", name, RULES[kind])
        elif (length := fault_in_length(values[name])) is not None:
            params = {"length": length[0], "most": length[1]}
            yield FieldFault("field-too-long", name, f"at most {length[1]}, not {length[0]}", params)
        elif not is_of(kind, values[name]):
            yield FieldFault(f"field-not-{kind}", name, RULES[kind])
