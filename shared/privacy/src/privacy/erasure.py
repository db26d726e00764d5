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
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pymongo import DESCENDING

from bus.consumer import Subscription
from bus.event import PERSONAL, Change, Event, Outcome, Received, View
from privacy.holders import Holder
from privacy.own_requests import ActsFor, OwnRequests
from runtime.clock import today
from store.repository import CODECS, Database, Document, Write
from store.retention import Cascade, DataKind, Kinds, read, removal
from store.sealed_fields import as_stored
from web import idempotency
from web.config import ServiceSettings
from web.signed_requests import Signed, SignedRequests


class ErasureRequested(View):
    """data-rights.erasure-requested: erase what may go of what you hold about `holder`.

    `only` are the cases that were shown; None: any that may go.
    """

    erasure_id: str
    holder: Holder
    only: list[str] | None = None
    signed_request: Signed | None = None


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
    index: Annotated[
        str,
        Field(
            description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL
        ),
    ]


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
    cascades: Mapping[str, Cascade]
    cases: str | None
    requests: SignedRequests
    acts_for: ActsFor | None = None

    @classmethod
    def of(  # noqa: PLR0913 - each may be left out
        cls,
        service: str,
        database: Database,
        settings: ServiceSettings,
        held: Callable[[Holder], Held],
        cascades: Mapping[str, Cascade] = MappingProxyType({}),
        cases: str | None = None,
        *,
        acts_for: ActsFor | None = None,
        requests: SignedRequests | None = None,
    ) -> Self:
        """Build that of a service. Raises DataFileError when the declaration can't be used."""
        kinds = read(settings.retention).services[service]
        checked = requests or SignedRequests.of(settings, database)
        return cls(database, kinds, held, cascades, cases, checked, acts_for)

    async def answer(self, kind: type[ErasedT], event: Received[ErasureRequested]) -> Outcome[None]:
        """Erase what may go of whom it is about, and tell. Raises BrokenMessageError unless they asked for it."""
        asked = event.data
        used = await require_own(event, self.requests, self.acts_for)
        erased = await self.erase(asked.holder, asked.only)
        told = kind(
            erasure_id=asked.erasure_id,
            erased=list(erased.gone),
            kept=list(erased.stays),
            cases=list(erased.cases),
        )
        return Outcome(changes=[*used, *erased.changes], events=[told], case=asked.erasure_id)

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
        held, gone, stays = await self._held(holder), list[Gone](), list[Stays]()
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

    async def _held(self, holder: Holder) -> Held:
        """Ask for the holder's index as the store has it."""
        return {place: await self._of(holder, place, wanted) for place, wanted in self.held(holder).items()}

    async def _of(self, holder: Holder, place: str, wanted: Document) -> Document:
        return {
            path: as_stored(value, self.database.vault, in_clear=await self.database.has_in_clear(place, path))
            if value == holder.index
            else value
            for path, value in wanted.items()
        }

    async def _removals(self, place: str, found: Sequence[Document]) -> Sequence[Write]:
        """Return the removal of documents and of what belongs to them."""
        cascade = self.cascades.get(place)
        others = await cascade(self.database, found) if cascade and found else ()
        return [*(removal(place, each) for each in found), *(others or ())]

    async def _stays(self, name: str, kind: DataKind, place: str, question: Document) -> Sequence[Stays]:
        count = await self._collection(place).count_documents(question)
        return [Stays(kind=name, count=count, until=await self._until(kind, place, question))] if count else []

    async def _until(self, kind: DataKind, place: str, question: Document) -> date | None:
        if kind.days is None or kind.since is None:
            return None
        cursor = self._collection(place).find(question, {kind.since: 1}).sort(kind.since, DESCENDING).limit(1)
        last = (await cursor.to_list())[0].get(kind.since)
        return None if last is None else _day(last) + timedelta(days=kind.days)

    def _collection(self, place: str) -> Any:  # noqa: ANN401 - pymongo's own
        return self.database.get_collection(place, codec_options=CODECS)


def subscriptions(previewed: type[PreviewedT], erased: type[ErasedT]) -> tuple[Subscription[Any], ...]:
    """Have a service tell what would go, and erase what may, as it is declared."""

    async def preview(event: Received[ErasurePreviewRequested], deps: Any) -> Outcome[None]:  # noqa: ANN401 - each service's own
        outcome: Outcome[None] = await deps.eraser.preview(previewed, event.data)
        return outcome

    async def erase(event: Received[ErasureRequested], deps: Any) -> Outcome[None]:  # noqa: ANN401 - as above
        outcome: Outcome[None] = await deps.eraser.answer(erased, event)
        return outcome

    return (
        Subscription("data-rights.erasure-preview-requested.v1", ErasurePreviewRequested, preview, once=True),
        Subscription("data-rights.erasure-requested.v1", ErasureRequested, erase, once=True),
    )


async def require_own(
    event: Received[ErasureRequested], requests: SignedRequests, acts_for: ActsFor | None
) -> list[Change]:
    """See that the person whose data it is, or who acts for them, confirmed this erasure, for no other event.

    A guardian's request names the child, by itself or in the name of what was shown. Raises BrokenMessageError, NotYet.
    """
    path = f"/v1/erasures/{event.data.erasure_id}/confirmation"
    return await OwnRequests(requests, acts_for).require(event, "data-rights.erasure-requested", path, _named)


def _named(said: Mapping[str, Any]) -> str | None:
    return said.get("resident_id") or str(said.get("preview")).partition(".")[2] or None


def _questions(kind: DataKind, held: Held) -> Sequence[tuple[str, Document]]:
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
    kind: DataKind, question: Document, also: Document | None, only: Collection[str] | None
) -> tuple[Document | None, Document | None]:
    """Divide a question into what goes and what stays; None: nothing does."""
    if kind.asked == "erase":
        if only is None:
            return question, None
        return {**question, "_id": {"$in": list(only)}}, {**question, "_id": {"$nin": list(only)}}
    if also is None:
        return None, question
    return {"$and": [question, also]}, {"$and": [question, {"$nor": [also]}]}
