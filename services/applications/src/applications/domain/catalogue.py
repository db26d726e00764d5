"""The catalogue: all items and document types, searched and filtered in memory."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import islice
from typing import Literal

from applications.domain.item import Code, ServiceItem
from applications.domain.record import ApplicationsModel, Localised
from applications.domain.search import Search, names_of
from applications.domain.search_words import SearchWords
from runtime.errors import NotFound


class DocumentType(ApplicationsModel):
    """A kind of document, the department that keeps it, and what its fields are called."""

    code: Code
    name: Localised
    department: Code
    review: Literal["people", "automatic"]
    """Whether people may look at one that fails to match."""
    fields: dict[str, Localised]


class CatalogueDepartment(ApplicationsModel):
    """A department, or an office to which overdue work is escalated."""

    code: Code
    name: Localised


@dataclass(frozen=True, slots=True)
class WantedDocument:
    """What a search asks for; None asks for anything."""

    text: str | None = None
    department: str | None = None
    document_type: str | None = None
    grants: str | None = None
    subject: str | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class PublicNotices:
    """Items of which every decision is published, and those of which approvals are. Of any other, nothing is."""

    all: tuple[str, ...]
    approvals: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All items by code, in order of their codes."""

    items: Mapping[str, ServiceItem]
    document_types: Mapping[str, DocumentType]
    departments: Mapping[str, CatalogueDepartment]
    words: SearchWords = field(default_factory=SearchWords)

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", {code: self.items[code] for code in sorted(self.items)})

    @cached_property
    def _search(self) -> Search:
        """The words of all items; made for the first search, as it takes tables of characters (some MB)."""
        return Search(self.items.values(), {code: self._places(item) for code, item in self.items.items()}, self.words)

    def _places(self, item: ServiceItem) -> Mapping[str, str]:
        """Return what an item has to do with: its departments, and what it grants."""
        named = [each for code in item.departments for each in self._names_of_department(code)]
        granted = names_of(self.document_types[item.grants.document_type].name) if item.grants else []
        return dict.fromkeys(named, "department") | dict.fromkeys(granted, "grants")

    def _names_of_department(self, code: str) -> list[str]:
        return [code, *names_of(self.departments[code].name), *self.words.departments.get(code, ())]

    def item(self, code: str) -> ServiceItem:
        """Return an item. Raises NotFound."""
        found = self.items.get(code)
        if found is None:
            raise NotFound("unknown-item", field="item", item=code)
        return found

    def published(self, item: str | None) -> PublicNotices:
        """Return the codes of the items, or of one, by what is published of their decisions today."""
        asked = [each for each in self.items.values() if item in (None, each.code)]
        codes = {
            policy: tuple(each.code for each in asked if each.notices == policy) for policy in ("all", "approvals")
        }
        return PublicNotices(codes["all"], codes["approvals"])

    @cached_property
    def granted_types(self) -> frozenset[str]:
        """Every document type that some item grants."""
        return frozenset(item.grants.document_type for item in self.items.values() if item.grants)

    def with_automatic(self, codes: Collection[str]) -> Catalogue:
        """Return the catalogue as it is while nobody reviews these document types."""
        types = {
            code: each.model_copy(update={"review": "automatic"}) if code in codes else each
            for code, each in self.document_types.items()
        }
        return replace(self, document_types=types)

    def reviewable(self, item: ServiceItem, document_types: Iterable[str]) -> bool:
        """Tell whether people may look at one of these documents when it fails to match for this item."""
        by_people = any(self.document_types[code].review == "people" for code in document_types)
        return item.review == "people" and by_people

    def search(self, wanted: WantedDocument, *, after: str | None, limit: int) -> list[ServiceItem]:
        """Return at most `limit` items that are wanted, those that follow the code `after`.

        They come in order of their codes; with a text, those that fit it best come first (`domain/search.py`).
        """
        codes = self._search.find(wanted.text) if wanted.text and wanted.text.strip() else list(self.items)
        begin = 0 if after is None else _after(codes, after, by_code=not wanted.text)
        fitting = (self.items[code] for code in codes[begin:] if _fits(self.items[code], wanted))
        return list(islice(fitting, limit))


def digest_of(item: ServiceItem) -> str:
    """Name an item's content: the same content has the same digest in every process."""
    content = json.dumps(item.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return sha256(content.encode()).hexdigest()


def _fits(item: ServiceItem, wanted: WantedDocument) -> bool:
    asked = {code for requirement in item.requirements for code in requirement.any_of}
    return (
        not item.retired
        and wanted.department in (None, *item.departments)
        and wanted.document_type in (None, *asked)
        and wanted.grants in (None, item.grants.document_type if item.grants else "")
        and wanted.subject in (None, item.subject)
        and wanted.decision in (None, item.decision.by)
    )


def _after(codes: Sequence[str], last: str, *, by_code: bool) -> int:
    """Return where the next page begins: behind the last code that was shown, or nowhere when that fits no more."""
    if by_code:
        return bisect_right(codes, last)
    return codes.index(last) + 1 if last in codes else len(codes)
