"""The catalogue: all items and document types, searched and filtered in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Literal

from applications.domain.item import Code, Item
from applications.domain.record import Localised, Record
from runtime.refusal import Unknown
from standards.script import simplified


class DocumentType(Record):
    """A kind of document, the department that keeps it, and what its fields are called."""

    code: Code
    name: Localised
    department: Code
    review: Literal["people", "automatic"]
    """Whether people may look at one that fails to match."""
    fields: dict[str, Localised]


class Department(Record):
    """A department, or an office to which overdue work is escalated."""

    code: Code
    name: Localised


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for; None asks for anything."""

    text: str | None = None
    department: str | None = None
    document_type: str | None = None
    grants: str | None = None
    subject: str | None = None
    decision: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """All items by code, in order of their codes."""

    items: Mapping[str, Item]
    document_types: Mapping[str, DocumentType]
    departments: Mapping[str, Department]

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", {code: self.items[code] for code in sorted(self.items)})

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """What is searched, by item; made for the first search, as it takes the table of characters (3 MB)."""
        return {code: _searchable(item) for code, item in self.items.items()}

    def item(self, code: str) -> Item:
        """Return an item. Raises Unknown."""
        found = self.items.get(code)
        if found is None:
            raise Unknown("unknown-item", field="item", item=code)
        return found

    @cached_property
    def granted_types(self) -> frozenset[str]:
        """Every document type that some item grants."""
        return frozenset(item.grants.document_type for item in self.items.values() if item.grants)

    def reviewable(self, item: Item, document_types: Iterable[str]) -> bool:
        """Tell whether people may look at one of these documents when it fails to match for this item."""
        by_people = any(self.document_types[code].review == "people" for code in document_types)
        return item.review == "people" and by_people

    def search(self, wanted: Wanted, *, after: str | None, limit: int) -> list[Item]:
        """Return at most `limit` items that are wanted, those that follow the code `after`."""
        words = _normal(wanted.text).split() if wanted.text else []
        found: list[Item] = []
        for code, item in self.items.items():
            if (after is None or code > after) and _fits(item, wanted) and all(w in self._texts[code] for w in words):
                found.append(item)
                if len(found) == limit:
                    break
        return found


def digest_of(item: Item) -> str:
    """Name an item's content: the same content has the same digest in every process."""
    content = json.dumps(item.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return sha256(content.encode()).hexdigest()


def _fits(item: Item, wanted: Wanted) -> bool:
    asked = {code for requirement in item.requirements for code in requirement.any_of}
    return (
        not item.retired
        and wanted.department in (None, *item.departments)
        and wanted.document_type in (None, *asked)
        and wanted.grants in (None, item.grants.document_type if item.grants else "")
        and wanted.subject in (None, item.subject)
        and wanted.decision in (None, item.decision.by)
    )


def _searchable(item: Item) -> str:
    texts = (item.name, item.description, item.for_whom)
    return _normal(" ".join([item.code, *(t.zh_cn for t in texts), *(t.en for t in texts)]))


def _normal(text: str) -> str:
    return simplified(text).casefold()
