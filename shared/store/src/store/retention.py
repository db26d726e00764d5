"""How long each kind of data lives: declared in `shared/contracts/retention.yaml`, and enforced here for all services.

What is a document and nothing more, and counts from a moment, the store removes by itself: its index is a TTL index.
The rest is looked for by its index every hour, so many documents at a time: what counts from a day, and what has
belongings, of which its service knows. They go in one transaction with the document, unless it changes meanwhile: then
it stays until the next turn. Nothing is noted: the process that follows a killed one looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import pymongo
import structlog
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pymongo import ASCENDING, DeleteOne, IndexModel

from bus.event import ConflictError, Outcome
from runtime.clock import Clock, today, utc_now
from runtime.data_files import load
from store.repository import CODECS, Database, Document, Indexes, Write

EVERY = 3600.0
"""Seconds between two looks."""

_AT_ONCE = 200
REMOVED = Counter(
    "yizheng_retention_removed", "Documents whose term had ended and that were removed", ["service", "kind"]
)

Asked = Literal["erase", "keep", "nobody"]

log = structlog.get_logger()


class RuleText(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    zh_cn: str = Field(alias="zh-CN", min_length=1)
    en: str = Field(min_length=1)

    def said(self, language: str) -> str:
        return self.zh_cn if language == "zh-CN" else self.en


class DataKind(BaseModel):
    """One kind of data; the head of the file says what each field means. Exactly one of `days`, `with`, `while`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    places: tuple[str, ...] = Field(alias="in", min_length=1)
    when: Mapping[str, tuple[str, ...]] = Field({}, max_length=1)
    since: str | None = None
    is_day: bool = False
    days: int | None = Field(None, gt=0)
    goes_with: str | None = Field(None, alias="with")
    lasts: RuleText | None = Field(None, alias="while")
    by: Literal["service", "broker", "own"] = "service"
    name: RuleText
    why: RuleText
    asked: Asked | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> Self:
        if sum(each is not None for each in (self.days, self.goes_with, self.lasts)) != 1:
            raise ValueError("say one of days, with, while")
        if self.is_enforced_here and (self.since is None or len(self.places) != 1):
            raise ValueError("what the service ends lies in one collection and says since when")
        if (self.asked is None) != (self.goes_with is not None):
            raise ValueError("say what happens when it is asked for, unless it goes with something else")
        return self

    @property
    def is_enforced_here(self) -> bool:
        """Whether it is this mechanism that ends it, or the store for it."""
        return self.days is not None and self.by == "service"

    def conditions(self) -> Sequence[Document]:
        """Return the questions that together find its documents: one for each value, so that an index can answer."""
        return [{name: value} for name, values in self.when.items() for value in values] or [{}]

    def due(self, now: datetime) -> Document:
        """Return the range of what has lived long enough."""
        if self.is_day:
            return {"$lte": (today(now) - self.term).isoformat()}
        return {"$lte": now - self.term}

    @property
    def term(self) -> timedelta:
        """How long it is kept."""
        assert self.days is not None  # noqa: S101 - asked only of what has a term
        return timedelta(days=self.days)

    def expires(self, cascades: Container[str]) -> bool:
        """Tell whether the store ends it by itself: TTL indexes know neither calendar days nor belongings."""
        return self.is_enforced_here and not self.is_day and self.places[0] not in cascades

    def index(self, cascades: Container[str]) -> IndexModel:
        """Return the index by which the store ends it, or it is found."""
        if not self.expires(cascades):
            return _index([*self.when, str(self.since)])
        only = {name: {"$in": list(values)} for name, values in self.when.items()}
        partial: Document = {"partialFilterExpression": only} if only else {}
        return _index([str(self.since)], expireAfterSeconds=int(self.term.total_seconds()), **partial)


Kinds = Mapping[str, DataKind]


class Declared(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    every_service: Kinds = Field(alias="every-service")
    bus: Kinds
    services: Mapping[str, Kinds]

    def of(self, service: str) -> Kinds:
        """Return what a service keeps, and what every service does."""
        return {**self.every_service, **self.services.get(service, {})}


@cache
def read(path: Path) -> Declared:
    """Read the file, once for a process. Raises DataFileError naming file and line."""
    return load(path, Declared)


Cascade = Callable[[Database, Sequence[Document]], Awaitable["Sequence[Write] | None"]]
"""Given documents that go together, as they are stored: what must be written with their removal, after removing what no
transaction can (files). None: they can't go yet."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Ends what is due of one service. `cascades`, by collection, for what is more than a document."""

    service: str
    database: Database
    commit: Callable[[Outcome[Any]], Awaitable[None]]
    kinds: Kinds
    cascades: Mapping[str, Cascade]
    clock: Clock = utc_now

    async def turn(self) -> None:
        """Look once for everything; what goes wrong waits for the next turn."""
        for name, kind in self.kinds.items():
            if not kind.is_enforced_here or kind.expires(self.cascades):
                continue
            try:
                await self._end(name, kind)
            except (pymongo.errors.PyMongoError, OSError) as error:
                log.warning("retention_postponed", kind=name, error=repr(error))
            except Exception:
                log.exception("retention_failed", kind=name)

    async def _end(self, name: str, kind: DataKind) -> None:
        [place], removed = kind.places, 0
        cascade = self.cascades.get(place, _nothing)
        for condition in kind.conditions():
            kept = list[object]()  # what can't go yet must not stand in the way of what is behind it
            while found := await self._due(kind, {**condition, **({"_id": {"$nin": kept}} if kept else {})}):
                gone = await asyncio.gather(*(self._remove(place, document, cascade) for document in found))
                kept += [each["_id"] for each, is_gone in zip(found, gone, strict=True) if not is_gone]
                removed += sum(gone)
                REMOVED.labels(self.service, name).inc(sum(gone))
        if removed:
            log.info("retention_ended", kind=name, removed=removed)

    async def _due(self, kind: DataKind, wanted: Document) -> Sequence[Document]:
        """Read some of what is due, the oldest first."""
        [place], since = kind.places, str(kind.since)
        collection = self.database.get_collection(place, codec_options=CODECS)
        due = {**wanted, since: kind.due(self.clock())}
        return await collection.find(due, sort=[(since, ASCENDING)], limit=_AT_ONCE).to_list()

    async def _remove(self, place: str, document: Document, cascade: Cascade) -> bool:
        others = await cascade(self.database, [document])
        if others is None:
            return False
        try:
            await self.commit(Outcome(changes=[removal(place, document), *others]))
        except ConflictError:
            return False
        return True


def removal(place: str, document: Document) -> Write:
    """Prepare the removal of a document as it was read; refused at the commit if somebody changed it meanwhile."""
    return Write(place, DeleteOne({"_id": document["_id"], "version": document["version"]}), must_match=1)


async def _nothing(_database: Database, _documents: Sequence[Document]) -> Sequence[Write]:
    """Belongings of what has none."""
    return ()


def indexed(kinds: Kinds, indexes: Indexes, cascades: Container[str]) -> Indexes:
    """Add to a service's indexes those by which what is due ends or is found; they replace its own of the same key."""
    all_of: dict[str, list[IndexModel]] = {place: list(models) for place, models in indexes.items()}
    for kind in kinds.values():
        if kind.is_enforced_here:
            model, place = kind.index(cascades), kind.places[0]
            others = [each for each in all_of.get(place, ()) if each.document["key"] != model.document["key"]]
            all_of[place] = [*others, model]
    return all_of


def _index(fields: Sequence[str], **options: Any) -> IndexModel:  # noqa: ANN401 - as IndexModel takes them
    return IndexModel([(field, ASCENDING) for field in fields], name=f"ends-{'-'.join(fields)}", **options)
