"""The registry of document types (`data/document_types/*.yaml`): what each is called, who keeps it, its fields.

Each service takes its part of it with `read`; the sections that concern one service only are checked by that service.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from runtime.data_files import load_folder
from runtime.texts import LANGUAGES, Texts
from standards.bounds import fault_in_length
from standards.field_kinds import RULES, FieldKind, is_of

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
_TEXTS = Texts.of("standards")

FOLDER = Path(os.environ.get("YIZHENG_DOCUMENT_TYPES") or Path(str(files("standards"))) / "data" / "document_types")
"""Where the registry stands."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


class TypeName(_Entry):
    """A name in both languages; in English as it stands in a sentence."""

    zh_cn: str = Field(alias="zh-CN", min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """Return the name for readers of that language; Chinese unless it is English."""
        return self.en if language == "en" else self.zh_cn


class DocumentField(_Entry):
    """A field: what it is called, what it holds, whether a record may leave it out. `compare` is the matcher's."""

    name: TypeName
    holds: FieldKind
    optional: bool = False
    compare: Mapping[str, Any] | None = None


class DocumentType(_Entry):
    """A type, its fields in the order in which they are shown. Who reads the last three sections checks them."""

    name: TypeName
    department: str
    record_field: FieldName | None = None
    follows_person: bool = False
    on_mismatch: Literal["review", "reject"] = "review"
    fields: dict[FieldName, DocumentField] = Field(min_length=1)
    review: Mapping[str, Any]
    credential: Mapping[str, Any]
    example: Mapping[str, Any]

    @model_validator(mode="after")
    def _is_told_apart_by_a_field(self) -> Self:
        if self.record_field is not None and self.record_field not in self.fields:
            message = f"record_field {self.record_field!r} is not one of its fields"
            raise ValueError(message)
        return self

    @property
    def kinds(self) -> dict[FieldName, FieldKind]:
        """What each field holds."""
        return {name: field.holds for name, field in self.fields.items()}


class TypePart(BaseModel):
    """What a service takes of a type; the rest of the file is not its concern."""

    model_config = ConfigDict(frozen=True, extra="ignore")


PartT = TypeVar("PartT", bound=TypePart)


class FieldFault(NamedTuple):
    """What is wrong with a field: a code (`field-missing`, `field-too-long`, `field-not-…`), its name, the rule."""

    reason: str
    field: str
    rule: str
    params: Mapping[str, int] = MappingProxyType({})
    """The figures of a bound, for the texts about it."""


@cache
def by_type() -> Mapping[str, DocumentType]:
    """Return all types by their codes. Raises DataFileError naming file and line of every fault."""
    return load_folder(FOLDER, DocumentType)


def read(part: type[PartT], folder: Path = FOLDER) -> dict[str, PartT]:
    """Return a service's part of every type. Raises DataFileError naming file and line of every fault."""
    load_folder(folder, DocumentType)
    return load_folder(folder, part)


def kept_by(department: str) -> tuple[str, ...]:
    """Return the codes of the types that a department keeps, and so may speak for."""
    return tuple(code for code, kind in by_type().items() if kind.department == department)


def fields_of(document_type: str) -> dict[FieldName, FieldKind]:
    """Return the fields of a document type and what they hold; nothing for a type that there is not."""
    found = by_type().get(document_type)
    return found.kinds if found else {}


def enterable_fields(document_type: str) -> dict[FieldName, FieldKind]:
    """Return the fields that people may fill in or correct: all but those that join records."""
    return {name: kind for name, kind in fields_of(document_type).items() if kind != "key"}


def names(*, heading: bool = True) -> dict[str, dict[str, str]]:
    """Return what types and fields are called, by language: `documents.<type>`, `fields.<type>.<field>`.

    `fields.<field>` is what most types call it, for an entry of which the type is not known. The registration stands
    beside the types. As a heading, an English name has a capital.
    """
    return {language: dict(_names(language, heading=heading)) for language in LANGUAGES}


def _names(language: str, *, heading: bool) -> Iterator[tuple[str, str]]:
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for code, kind in by_type().items():
        yield f"documents.{code}", _cased(kind.name.in_language(language), heading=heading)
        for name, field in kind.fields.items():
            called = _cased(field.name.in_language(language), heading=heading)
            often[name][called] += 1
            yield f"fields.{code}.{name}", called
    for name, names_of_it in often.items():
        yield f"fields.{name}", names_of_it.most_common(1)[0][0]
    for key in _TEXTS.keys(language):
        if key.startswith(("documents.", "fields.")):
            yield key, _cased(_TEXTS.say(language, key), heading=heading)


def _cased(name: str, *, heading: bool) -> str:
    return name[:1].upper() + name[1:] if heading else name


def field_name(document_type: str, field: str, language: str) -> str:
    """Name a field of a document; one that the document type does not know is a further entry."""
    found = by_type().get(document_type)
    if found is None or field not in found.fields:
        return _TEXTS.say(language, "other-field")
    return found.fields[field].name.in_language(language)


def faults_in(document_type: str, values: Mapping[str, object]) -> Iterator[FieldFault]:
    """Find what is wrong with the values of a record: a field is missing, or holds what is not of its kind.

    Fields that the registry does not name, and types that it does not name, may hold what they like.
    """
    declared = by_type().get(document_type)
    if declared is None:
        return
    for name, field in declared.fields.items():
        if name not in values:
            if not field.optional:
                yield FieldFault("field-missing", name, RULES[field.holds])
        elif (length := fault_in_length(values[name])) is not None:
            params = {"length": length[0], "most": length[1]}
            yield FieldFault("field-too-long", name, f"at most {length[1]}, not {length[0]}", params)
        elif not is_of(field.holds, values[name]):
            yield FieldFault(f"field-not-{field.holds}", name, RULES[field.holds])
