"""The catalogue's data files. A fault in any of them is reported with its file and line, and nothing is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from applications.domain.catalogue import Catalogue, CatalogueDepartment, DocumentType
from applications.domain.item import ServiceItem
from applications.domain.record import Localised
from applications.domain.search_words import SearchWords
from applications.domain.statistics import Criterion
from runtime.data_files import DataFileError, load, load_folder
from standards.document_types import FOLDER, TypeName
from standards.document_types import DocumentType as RegisteredType


def read_catalogue(folder: Path, registry: Path = FOLDER) -> Catalogue:
    """Read all items, document types and departments. Raises DataFileError naming file and line of every fault."""
    document_types = {code: _type(code, said) for code, said in load_folder(registry, RegisteredType).items()}
    departments = {each.code: each for each in load(folder / "departments.yaml", tuple[CatalogueDepartment, ...])}
    items = load_folder(folder / "items", ServiceItem)
    catalogue = Catalogue(items, document_types, departments, load(folder / "search_words.yaml", SearchWords))
    faults = [
        *_faults_of_types(registry, catalogue),
        *_faults_of_items(folder / "items", items, catalogue),
        *_faults_of_words(folder, catalogue),
    ]
    if faults:
        raise DataFileError("\n".join(faults))
    return catalogue


def read_criterion(folder: Path) -> Criterion:
    """Read when human review can be switched off. Raises DataFileError."""
    return load(folder / "switching_off.yaml", Criterion)


def _type(code: str, said: RegisteredType) -> DocumentType:
    return DocumentType(
        code=code,
        name=_named(said.name),
        department=said.department,
        review="people" if said.on_mismatch == "review" else "automatic",
        fields={name: _named(field.name) for name, field in said.fields.items()},
    )


def _named(name: TypeName) -> Localised:
    return Localised.model_validate({"zh-CN": name.zh_cn, "en": name.en})


def _faults_of_types(registry: Path, catalogue: Catalogue) -> Iterator[str]:
    for each in catalogue.document_types.values():
        if each.department not in catalogue.departments:
            path = registry / f"{each.code}.yaml"
            yield f"{path}:{_line_of(path, each.department)}: no such department: {each.department}"


def _faults_of_items(folder: Path, items: Mapping[str, ServiceItem], catalogue: Catalogue) -> Iterator[str]:
    for stem, item in items.items():
        path = folder / f"{stem}.yaml"
        if item.code != stem:
            yield f"{path}:{_line_of(path, item.code)}: code: {item.code} must be the file's name, {stem}"
        for code in item.document_types:
            if code not in catalogue.document_types:
                yield f"{path}:{_line_of(path, code)}: no such document type: {code}"
        for code in item.departments:
            if code not in catalogue.departments:
                yield f"{path}:{_line_of(path, code)}: no such department: {code}"


def _faults_of_words(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    path = folder / "search_words.yaml"
    for kind, code in catalogue.words.unknown(catalogue.items, catalogue.departments):
        yield f"{path}:{_line_of(path, code)}: no such {kind}: {code}"


def _line_of(path: Path, word: str) -> int:
    """Return the first line that has a code as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if whole.search(line.partition("#")[0])), 1)
