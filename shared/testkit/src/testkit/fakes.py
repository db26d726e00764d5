"""Fakes in memory that keep the promises of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from bus.event import ConflictError, Outcome, Received, expect_all
from privacy.erasure import Erased, ErasedT, Eraser, ErasurePreviewRequested, ErasureRequested, PreviewedT, Whose
from privacy.holders import Holder
from store.repository import Document, Repository, Stored, Write

StoredT = TypeVar("StoredT", bound=Stored)
ViewT = TypeVar("ViewT", bound=BaseModel)


class FakeChange(Write):
    """A prepared write: `check` refuses it, `apply` makes it. The real store finds nothing in it that it could do."""

    check: Callable[[], None]
    apply: Callable[[], None]

    def __init__(self, check: Callable[[], None], apply: Callable[[], None]) -> None:
        object.__setattr__(self, "check", check)
        object.__setattr__(self, "apply", apply)


class FakeDocuments(Repository[StoredT]):
    """One collection in memory with the same versions and conflicts as the real one.

    A fake of a service's own repository derives from both, `class FakeHands(HandStore, FakeDocuments[TaskClaim])`: its
    queries are the real ones, asked of what is in memory.
    """

    def __init__(self, model: type[StoredT], stored: Iterable[StoredT] = ()) -> None:
        self._model = model
        self.all: dict[str, StoredT] = {}
        for document in stored:
            self._put(document)

    async def get(self, id: str) -> StoredT | None:
        return self.all.get(id)

    async def many(self, ids: Sequence[str]) -> dict[str, StoredT]:
        """Read the aggregates that there are of these ids."""
        return {id_: self.all[id_] for id_ in ids if id_ in self.all}

    async def find(
        self,
        filter: Mapping[str, Any],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[StoredT]:
        """Read all that match the filter's plain equalities, `$in` and comparisons, in order."""
        found = [document for document in self.all.values() if _matches(document.model_dump(), filter)]
        for name, direction in reversed(sort):
            key = "id" if name == "_id" else name
            found.sort(key=lambda document: document.model_dump()[key], reverse=direction < 0)
        return found[:limit] if limit else found

    async def values(self, filter: Mapping[str, Any], field: str) -> list[Any]:  # noqa: A002 - as above
        """Read one field of all that match."""
        return [row[field] for row in await self.rows(filter, field)]

    async def rows(self, filter: Mapping[str, Any], *fields: str) -> list[dict[str, Any]]:  # noqa: A002 - as above
        """Read the ids and some fields of all that match."""
        found = [document.model_dump() for document in await self.find(filter)]
        return [{"_id": each["id"], **{name: each[name] for name in fields if name != "_id"}} for each in found]

    async def count(self, filter: Mapping[str, Any], *, most: int) -> int:  # noqa: A002 - as above
        """Count those that match, up to so many."""
        return len(await self.find(filter, limit=most))

    def save(self, document: StoredT) -> Write:
        """Prepare a write that is refused if the version is not the one that was read."""
        return FakeChange(lambda: self._require(document), lambda: self._put(document))

    def add_unless(self, there: Mapping[str, Any], document: StoredT) -> FakeChange:
        """Prepare the write of a new aggregate, unless one with these values is there by then."""
        wanted = {"id" if name == "_id" else name: value for name, value in there.items()}

        def add() -> None:
            if not any(_matches(each.model_dump(), wanted) for each in self.all.values()):
                self._put(document)

        return FakeChange(lambda: None, add)

    def set_fields(self, id: str, **fields: object) -> FakeChange:
        """Prepare to set some fields of what has been stored by then."""
        return FakeChange(lambda: None, lambda: self._set(id, fields))

    def remove(self, document: StoredT) -> FakeChange:
        """Prepare a removal that is refused if the version is not the one that was read."""
        return FakeChange(lambda: self._require(document), lambda: self._drop(document.id))

    def _require(self, document: StoredT) -> None:
        present = self.all.get(document.id)
        if (present.version if present else 0) != document.version:
            raise ConflictError(document.id)

    def _put(self, document: StoredT) -> None:
        stored = {**document.model_dump(), "version": document.version + 1}
        self.all[document.id] = self._model.model_validate(stored)

    def _set(self, id: str, fields: Mapping[str, object]) -> None:
        if id in self.all:
            self._put(self._model.model_validate({**self.all[id].model_dump(), **fields}))

    def _drop(self, id: str) -> None:
        self.all.pop(id, None)


def apply(outcome: Outcome[Any]) -> None:
    """Commit an outcome to the fakes: all of its changes or, when one is refused, none."""
    changes = expect_all(FakeChange, outcome.changes)
    for change in changes:
        change.check()
    for change in changes:
        change.apply()


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def received(data: ViewT, *, case: str = "case", type: str = "test.event.v1", id: str = "e1") -> Received[ViewT]:  # noqa: A002 - CloudEvents' names
    """Build an event as a handler receives it, from whom its type names as its publisher."""
    source = f"/yizheng/{type.partition('.')[0]}"
    return Received(id, type, source, case, datetime(2026, 11, 23, 2, 0, tzinfo=UTC), data)


def _matches(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    combined: dict[str, Callable[[Any], bool]] = {
        "$and": lambda parts: all(_matches(document, part) for part in parts),
        "$or": lambda parts: any(_matches(document, part) for part in parts),
        "$nor": lambda parts: not any(_matches(document, part) for part in parts),
    }
    return all(
        combined[name](asked) if name in combined else _meets(_at(document, name), asked)
        for name, asked in wanted.items()
    )


def _at(document: Mapping[str, Any], name: str) -> object:
    value: Any = document
    for part in ("id" if name == "_id" else name).split("."):
        if isinstance(value, list | tuple):
            value = [each.get(part) for each in value if isinstance(each, Mapping)]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _meets(value: Any, condition: object) -> bool:  # noqa: ANN401 - documents hold anything
    if not isinstance(condition, Mapping):
        return bool(value == condition) or (isinstance(value, list | tuple | frozenset) and condition in value)
    tests: dict[str, Callable[[Any], bool]] = {
        "$in": lambda wanted: any(each in wanted for each in value) if isinstance(value, list) else value in wanted,
        "$ne": lambda wanted: value != wanted,
        "$elemMatch": lambda wanted: any(_matches(each, wanted) for each in value),
        "$lt": lambda wanted: value is not None and value < wanted,
        "$lte": lambda wanted: value is not None and value <= wanted,
        "$gt": lambda wanted: value is not None and value > wanted,
        "$gte": lambda wanted: value is not None and value >= wanted,
    }
    return all(tests[operator](wanted) for operator, wanted in condition.items())


class NothingHeld(Eraser):
    """An eraser that finds nothing about anybody."""

    def __init__(self) -> None:
        """Look at no database."""

    async def answer(self, kind: type[ErasedT], event: Received[ErasureRequested]) -> Outcome[None]:
        told = kind(erasure_id=event.data.erasure_id, erased=[], kept=[], cases=[])
        return Outcome(events=[told], case=event.data.erasure_id)

    async def preview(
        self,
        kind: type[PreviewedT],
        asked: ErasurePreviewRequested,
        going: Document | None = None,  # noqa: ARG002 - whatever goes
    ) -> Outcome[None]:
        holder = Whose.model_validate(asked.holder.model_dump())
        event = kind(erasure_id=asked.erasure_id, holder=holder, erased=[], kept=[], cases=[])
        return Outcome(events=[event], case=asked.erasure_id)

    async def forget_answers(self, ids: Collection[str]) -> Sequence[Write]:  # noqa: ARG002 - whatever they are
        return ()

    async def erase(self, holder: Holder, only: Collection[str] | None = None) -> Erased:  # noqa: ARG002 - whoever it is
        return Erased(changes=(), gone=(), stays=(), cases=())
