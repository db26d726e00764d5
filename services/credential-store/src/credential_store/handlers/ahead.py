"""Credentials as they will be after what has been decided already and is not stored yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bus.event import Change
from credential_store.domain.credential import Credential
from credential_store.domain.held_credentials import HeldCredentials
from credential_store.store import CredentialDocuments, HeldCredentialDocuments

NOTED = Change()
"""Stands for the write of a credential or a holding, which is made once, at the end of a batch."""


@dataclass
class Ahead(CredentialDocuments):
    """The credentials as they will be after what has been decided already: the batch before, and lines of this one."""

    behind: CredentialDocuments
    known: dict[str, Credential | None] = field(default_factory=dict)
    changed: dict[str, Credential] = field(default_factory=dict)
    kept: dict[str, set[str]] = field(default_factory=dict)

    async def read(self, ids: Iterable[str]) -> None:
        """Read many at once, but for those that the batch before is about to write."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_ not in self.known]
        self.known.update(zip(wanted, await self.behind.many(wanted), strict=True))

    async def get(self, id: str) -> Credential | None:
        if id not in self.known:
            self.known[id] = await self.behind.get(id)
        return self.known[id]

    async def many(self, ids: Sequence[str]) -> Sequence[Credential | None]:
        """Return several by their ids, all of which have been read already as a rule."""
        return [await self.get(id_) for id_ in ids]

    def save(self, credential: Credential) -> Change:
        """Note the change; it is written with all others, once for each credential."""
        self.known[credential.id] = self.changed[credential.id] = credential
        if credential.holder.index in self.kept:
            self.kept[credential.holder.index].add(credential.id)
        return NOTED

    async def index_of(self, resident_id: str) -> str | None:
        """Return a registered person's blind index."""
        return await self.behind.index_of(resident_id)

    async def of_holder(self, index: str, *, after: str | None = None, limit: int = 0) -> Sequence[Credential]:
        """Return what a person holds, as it was before this batch."""
        return await self.behind.of_holder(index, after=after, limit=limit)

    async def ids_of(self, indexes: Sequence[str], document_types: Sequence[str]) -> Mapping[str, set[str]]:
        """Return what is kept of some people, with what the batch before and this one add; read once for a batch."""
        if missing := [index for index in dict.fromkeys(indexes) if index not in self.kept]:
            self.kept.update(await self.behind.ids_of(missing, document_types))
            for each in self.known.values():
                if each is not None and each.holder.index in self.kept:
                    self.kept[each.holder.index].add(each.id)
        return {index: self.kept[index] for index in indexes}

    async def due(self, day: date, limit: int) -> Sequence[Credential]:
        """Return what is overdue, as it was before this batch."""
        return await self.behind.due(day, limit)


@dataclass
class HoldingsAhead(HeldCredentialDocuments):
    """Which credentials people have after what has been decided already."""

    behind: HeldCredentialDocuments
    known: dict[tuple[str, str], HeldCredentials] = field(default_factory=dict)
    changed: dict[tuple[str, str], HeldCredentials] = field(default_factory=dict)

    async def read(self, keys: Iterable[tuple[str, str]]) -> None:
        """Read many at once, but for those that the batch before is about to write."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self.known]
        self.known.update(zip(wanted, await self.behind.many(wanted), strict=True))

    async def many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[HeldCredentials]:
        """Return those of several people and types."""
        await self.read(wanted)
        return [self.known[key] for key in wanted]

    def save(self, holding: HeldCredentials) -> Change:
        """Note the change; it is written with all others, once for each."""
        key = holding.index, holding.document_type
        self.known[key] = self.changed[key] = holding
        return NOTED
