"""The catalogue's data files. A fault in any of them is reported with its file and line, and nothing is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from applications.domain.catalogue import Catalogue, Department, DocumentType
from applications.domain.item import Item
from applications.domain.search_words import SearchWords
from applications.domain.statistics import Criterion
from runtime.data_files import DataFileError, load, load_folder


def read_catalogue(folder: Path) -> Catalogue:
    """Read all items, document types and departments. Raises DataFileError naming file and line of every fault."""
    document_types = {each.code: each for each in load(folder / "document_types.yaml", tuple[DocumentType, ...])}
    departments = {each.code: each for each in load(folder / "departments.yaml", tuple[Department, ...])}
    items = load_folder(folder / "items", Item)
    catalogue = Catalogue(items, document_types, departments, load(folder / "search_words.yaml", SearchWords))
    faults = [
        *_faults_of_types(folder, catalogue),
        *_faults_of_items(folder / "items", items, catalogue),
        *_faults_of_words(folder, catalogue),
    ]
    if faults:
        raise DataFileError("\n".join(faults))
    return catalogue


def read_criterion(folder: Path) -> Criterion:
    """Read when human review can be switched off. Raises DataFileError."""
    return load(folder / "switching_off.yaml", Criterion)


def _faults_of_types(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    path = folder / "document_types.yaml"
    for each in catalogue.document_types.values():
        if each.department not in catalogue.departments:
            yield f"{path}:{_line_of(path, each.department)}: {each.code}: no such department: {each.department}"


def _faults_of_items(folder: Path, items: Mapping[str, Item], catalogue: Catalogue) -> Iterator[str]:
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
