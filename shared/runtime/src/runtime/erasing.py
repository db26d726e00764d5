"""A service's answer when a resident asks that what is held about them be erased.

What goes is not decided here but declared (`shared/contracts/retention.yaml`, `asked`): what is to be erased goes in
the same transaction as the answer, what stays is counted, with the day on which the last of it will be gone. An answer
names kinds of data, numbers and cases; nothing that describes anybody.

Before that each service shows, by the same rules and with the same questions, what would go and what would stay. Of
cases no more is erased afterwards than was shown (`only`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pymongo import DESCENDING

from messaging.documents import CODECS, Document, Write
from messaging.event import Change, Event, Outcome, View
from runtime import idempotency
from runtime.clock import today
from runtime.config import ServiceSettings
from runtime.holders import Holder
from runtime.kernel import Database
from runtime.retention import Belongings, Kind, Kinds, read, removal


class ErasureRequested(View):
    """data-rights.erasure-requested: erase what may go of what you hold about `holder`.

    `only` are the cases that were shown; None: any that may go.
    """

    erasure_id: str
    holder: Holder
    only: list[str] | None = None


class ErasurePreviewRequested(View):
    """data-rights.erasure-preview-requested: tell what would go of what you hold about `holder`, and erase nothing."""

    erasure_id: str
    holder: Holder


class CasesPreviewed(ErasurePreviewRequested):
    """applications.erasure-previewed: which cases would go, for services whose data goes with them."""

    cases: list[str]


Held = Mapping[str, Document]
"""How a holder's documents are found: by collection, the question."""


class Gone(BaseModel):
    """A kind of data that is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Annotated[str, Field(description="The kind, by its name in retention.yaml")]
    count: Annotated[int, Field(description="How many there were")]


class Stays(Gone):
    """A kind of data that stays."""

    until: Annotated[
        date | None, Field(description="The day on which the last of it goes; null: retention.yaml says until when")
    ] = None


class DataErased(Event):
    """A service has erased what may go of what it held of a resident, and says what stays."""

    erasure_id: Annotated[str, Field(description="The erasure that it answers")]
    erased: Annotated[list[Gone], Field(description="What is gone")]
    kept: Annotated[list[Stays], Field(description="What stays; why is in retention.yaml")]
    cases: Annotated[list[str], Field(description="The cases whose data went, for whoever keeps messages about them")]


class Whose(BaseModel):
    """Whose data it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    index: Annotated[str, Field(description="Blind index of the identity number, by which records are joined")]


class ErasurePreviewed(Event):
    """A service tells what would go of what it holds of a resident, and what would stay. Nothing has been erased."""

    erasure_id: Annotated[str, Field(description="The erasure that was asked for and is not confirmed yet")]
    holder: Annotated[Whose, Field(description="Whose data it is")]
    erased: Annotated[list[Gone], Field(description="What would go")]
    kept: Annotated[list[Stays], Field(description="What would stay; why is in retention.yaml")]
    cases: Annotated[list[str], Field(description="The cases whose data would go")]


GoneT = TypeVar("GoneT", bound=Gone)
ErasedT = TypeVar("ErasedT", bound=DataErased)
PreviewedT = TypeVar("PreviewedT", bound=ErasurePreviewed)


class Erases(Protocol):
    """What a handler needs."""

    async def answer(self, kind: type[ErasedT], asked: ErasureRequested) -> Outcome[None]:
        """Erase what may go of whom it is about, and tell."""

    async def preview(
        self, kind: type[PreviewedT], asked: ErasurePreviewRequested, going: Document | None = None
    ) -> Outcome[None]:
        """Tell what would go and what would stay; also what matches `going`, which goes with something elsewhere."""

    async def forget_answers(self, ids: Collection[str]) -> Sequence[Change]:
        """Prepare to erase what was answered to these callers or about these things."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure comes to: the writes that make it so, and what is told."""

    changes: Sequence[Write]
    gone: Sequence[Gone]
    stays: Sequence[Stays]
    cases: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The documents that go, by collection, and what is told of them and of those that stay."""

    going: Mapping[str, Sequence[Document]]
    gone: Sequence[Gone]
    stays: Sequence[Stays]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Finds what a service holds of somebody (`held`), and erases what may go with what belongs to it.

    `cases` is the collection, if any, whose ids are those of cases.
    """

    database: Database
    kinds: Kinds
    held: Callable[[Holder], Held]
    belongings: Mapping[str, Belongings]
    cases: str | None

    @classmethod
    def of(
        cls,
        service: str,
        database: Database,
        settings: ServiceSettings,
        held: Callable[[Holder], Held],
        belongings: Mapping[str, Belongings] = MappingProxyType({}),
        cases: str | None = None,
    ) -> Self:
        """Build that of a service. Raises DataFileError when the declaration can't be used."""
        return cls(database, read(settings.retention).services[service], held, belongings, cases)

    async def answer(self, kind: type[ErasedT], asked: ErasureRequested) -> Outcome[None]:
        """Erase what may go of whom it is about, and tell."""
        erased = await self.erase(asked.holder, asked.only)
        event = kind(
            erasure_id=asked.erasure_id,
            erased=list(erased.gone),
            kept=list(erased.stays),
            cases=list(erased.cases),
        )
        return Outcome(changes=erased.changes, events=[event], case=asked.erasure_id)

    async def preview(
        self, kind: type[PreviewedT], asked: ErasurePreviewRequested, going: Document | None = None
    ) -> Outcome[None]:
        """Tell what would go and what would stay; also what matches `going`, which goes with something elsewhere."""
        sorted_ = await self._sorted(asked.holder, None, going)
        event = kind(
            erasure_id=asked.erasure_id,
            holder=Whose.model_validate(asked.holder.model_dump()),
            erased=list(sorted_.gone),
            kept=list(sorted_.stays),
            cases=[str(each["_id"]) for each in sorted_.going.get(self.cases or "", ())],
        )
        return Outcome(events=[event], case=asked.erasure_id)

    async def erase(self, holder: Holder, only: Collection[str] | None = None) -> Erased:
        """Prepare that what may go does, of cases just those in `only`, and count what stays."""
        sorted_ = await self._sorted(holder, only, None)
        going = sorted_.going
        changes = [write for place, found in going.items() for write in await self._removals(place, found)]
        ids = [str(each["_id"]) for found in going.values() for each in found]
        changes += await self.forget_answers([holder.resident_id, *ids])
        return Erased(changes, sorted_.gone, sorted_.stays, [each["_id"] for each in going.get(self.cases or "", ())])

    async def _sorted(self, holder: Holder, only: Collection[str] | None, also: Document | None) -> _Sorted:
        """Sort what is held into what goes and what stays, as it is declared."""
        held, gone, stays = self.held(holder), list[Gone](), list[Stays]()
        going: dict[str, list[Document]] = {}
        for name, kind in self.kinds.items():
            for place, question in _questions(kind, held):
                goes, rest = _divided(kind, question, also, only if place == self.cases else None)
                if goes is not None:
                    found = await self._collection(place).find(goes).to_list()
                    gone += [Gone(kind=name, count=len(found))] if found else []
                    going.setdefault(place, []).extend(found)
                if rest is not None:
                    stays += await self._stays(name, kind, place, rest)
        return _Sorted(going, _by_kind(gone), _by_kind(stays))

    async def forget_answers(self, ids: Collection[str]) -> Sequence[Write]:
        """Prepare to erase what was answered to these callers or about these things; that it was answered stays."""
        return await idempotency.erasing(self.database, ids)

    async def _removals(self, place: str, found: Sequence[Document]) -> Sequence[Write]:
        """Return the removal of documents and of what belongs to them."""
        belonging = self.belongings.get(place)
        others = await belonging(self.database, found) if belonging and found else ()
        return [*(removal(place, each) for each in found), *(others or ())]

    async def _stays(self, name: str, kind: Kind, place: str, question: Document) -> Sequence[Stays]:
        count = await self._collection(place).count_documents(question)
        return [Stays(kind=name, count=count, until=await self._until(kind, place, question))] if count else []

    async def _until(self, kind: Kind, place: str, question: Document) -> date | None:
        if kind.days is None or kind.since is None:
            return None
        cursor = self._collection(place).find(question, {kind.since: 1}).sort(kind.since, DESCENDING).limit(1)
        last = (await cursor.to_list())[0].get(kind.since)
        return None if last is None else _day(last) + timedelta(days=kind.days)

    def _collection(self, place: str) -> Any:  # noqa: ANN401 - pymongo's own
        return self.database.get_collection(place, codec_options=CODECS)


def _questions(kind: Kind, held: Held) -> Sequence[tuple[str, Document]]:
    """Return where documents of a kind lie that are a holder's, and how they are asked for; none: it is nobody's."""
    if kind.asked not in {"erase", "keep"}:
        return ()
    return [
        (place, {**held[place], **condition})
        for place in kind.places
        if place in held
        for condition in kind.conditions()
    ]


def _by_kind(told: Sequence[GoneT]) -> Sequence[GoneT]:
    """Count what lies in several collections once for its kind, until the last of it goes."""
    kinds = {each.kind: [other for other in told if other.kind == each.kind] for each in told}
    return [_together(of_kind) for of_kind in kinds.values()]


def _together(of_kind: Sequence[GoneT]) -> GoneT:
    count = sum(each.count for each in of_kind)
    days = [each.until for each in of_kind if isinstance(each, Stays)]
    known = [day for day in days if day is not None]
    until = {"until": max(known) if len(known) == len(days) else None} if days else {}
    return of_kind[0].model_copy(update={"count": count, **until})


def _day(since: object) -> date:
    return today(since) if isinstance(since, datetime) else date.fromisoformat(str(since))


def _divided(
    kind: Kind, question: Document, also: Document | None, only: Collection[str] | None
) -> tuple[Document | None, Document | None]:
    """Divide a question into what goes and what stays; None: nothing does."""
    if kind.asked == "erase":
        if only is None:
            return question, None
        return {**question, "_id": {"$in": list(only)}}, {**question, "_id": {"$nin": list(only)}}
    if also is None:
        return None, question
    return {"$and": [question, also]}, {"$and": [question, {"$nor": [also]}]}
