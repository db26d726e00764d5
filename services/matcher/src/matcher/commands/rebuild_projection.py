"""`python -m matcher rebuild-projection`: rebuild what came from the credential store while the service runs.

1. Note which credentials the evidence has now. 2. Read the trail up to its present end into a collection beside the
evidence. 3. Check that the trail says enough. 4. Swap, person by person.

Until its own swap a person's evidence is as it was, and what the service learns meanwhile stays: sequences only move
forward.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from pydantic import ValidationError

from matcher.commands.telling import Teller
from matcher.commands.trail import Kept
from matcher.commands.workplace import Workplace
from matcher.consumed import Credential, CredentialGone
from matcher.domain.evidence import Evidence, Record
from matcher.domain.rebuilding import Rebuilt, known_in, swapped
from matcher.handlers.records import credential_gone, credential_record
from matcher.store import RebuiltStore
from messaging.envelope import BrokenMessageError, Envelope, unseal
from runtime.ids import new_id

BATCH = 500
_STORED = "credential-store.credential-stored.v1"
_GONE: Mapping[str, Literal["suspended", "revoked", "expired"]] = {
    "credential-store.credential-suspended.v1": "suspended",
    "credential-store.credential-revoked.v1": "revoked",
    "credential-store.credential-expired.v1": "expired",
}

Unmentioned = Literal["keep", "drop"]


class RefusedError(Exception):
    """The trail does not say enough; nothing was changed. `key` is the text that says why."""

    def __init__(self, key: str, *, unmentioned: int) -> None:
        super().__init__(key)
        self.key = key
        self.unmentioned = unmentioned


class Trail(Protocol):
    """Where every event is kept for a while."""

    async def end(self) -> int:
        """Return the offset of the last event at present, or -1 for an empty trail."""

    def read(self, end: int) -> AsyncIterator[Kept]:
        """Read from the oldest event that is kept up to that of offset `end`."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was found in the trail. `oldest` is the time of the first event in it, `first` its offset."""

    events: int = 0
    credentials: int = 0
    first: int = 0
    oldest: str = ""

    @property
    def is_whole(self) -> bool:
        """The trail begins with the first event that it ever got."""
        return self.first == 0


@dataclass(frozen=True, slots=True)
class Swapped:
    """How the rebuild ended, in numbers of people, and of credentials that the trail did not mention."""

    people: int
    changed: int
    unmentioned: int


class Rebuild:
    """One rebuild."""

    def __init__(self, work: Workplace, trail: Trail, teller: Teller) -> None:
        run = new_id("run")
        self._run = run
        self._work = work
        self._trail = trail
        self._teller = teller
        self._beside = RebuiltStore(work.database, run)

    async def run(self, unmentioned: Unmentioned | None = None) -> Swapped:
        """Rebuild. Raises RefusedError when the trail does not say enough and `unmentioned` does not say what then."""
        begun = time.monotonic()
        await self._beside.drop_left_behind(self._run)
        try:
            await self._note_known()
            read = await self._read_trail(await self._trail.end())
            lost = await self._unmentioned()
            self._check(read, lost, unmentioned)
            done = await self._swap(lost, keep=unmentioned == "keep")
        finally:
            await self._beside.drop()
        self._teller.say(
            "rebuild.ends",
            people=done.people,
            changed=done.changed,
            credentials=read.credentials,
            dropped=0 if unmentioned == "keep" else lost,
            kept=lost if unmentioned == "keep" else 0,
            seconds=round(time.monotonic() - begun, 1),
        )
        return done

    async def _note_known(self) -> None:
        people = records = 0
        async for page in self._work.evidence.all(BATCH):
            known = [noted for noted in map(known_in, page) if noted.known]
            await self._beside.save_many(known)
            people += len(known)
            records += sum(len(noted.known) for noted in known)
        self._teller.say("rebuild.known", people=people, records=records)

    async def _read_trail(self, end: int) -> Read:
        read, waiting = Read(), list[tuple[str, Record]]()
        async for kept in self._trail.read(end):
            envelope = self._opened(kept)
            if read.events == 0:
                read = replace(read, first=kept.offset, oldest=envelope.time.isoformat() if envelope else "")
            news = _news(envelope) if envelope else None
            read = replace(read, events=read.events + 1, credentials=read.credentials + (news is not None))
            if news is not None:
                waiting.append(news)
            if len(waiting) >= BATCH:
                await self._gather(waiting)
                waiting = []
            self._teller.progress("rebuild.reading", read=kept.offset + 1, total=end + 1, credentials=read.credentials)
        await self._gather(waiting)
        if read.is_whole:
            self._teller.say("rebuild.complete", read=read.events, credentials=read.credentials)
        else:
            self._teller.say("rebuild.cut", oldest=read.oldest, offset=read.first)
        return read

    def _opened(self, kept: Kept) -> Envelope | None:
        """Read an event that is signed by who may say it; the consumer has dead-lettered whatever is not."""
        try:
            envelope = unseal(kept.body)
            self._work.kernel.keys.check(kept.body, envelope)
            return self._work.kernel.keys.cipher.decrypted(envelope)
        except BrokenMessageError:
            return None

    async def _gather(self, news: Sequence[tuple[str, Record]]) -> None:
        by_holder: defaultdict[str, list[Record]] = defaultdict(list)
        for index, record in news:
            by_holder[index].append(record)
        known = await self._beside.many(list(by_holder))
        gathered = []
        for index, records in by_holder.items():
            rebuilt = known.get(index) or Rebuilt(id=index)
            for record in records:
                rebuilt = rebuilt.with_record(record)
            gathered.append(rebuilt)
        await self._beside.save_many(gathered)

    async def _unmentioned(self) -> int:
        return sum([len(rebuilt.unmentioned) async for page in self._beside.all(BATCH) for rebuilt in page])

    def _check(self, read: Read, lost: int, unmentioned: Unmentioned | None) -> None:
        """Refuse to lose what the trail does not say, or to pass a part for the whole, unless told to."""
        if unmentioned is None and lost:
            raise RefusedError("rebuild.refused", unmentioned=lost)
        if unmentioned is None and not read.is_whole:
            raise RefusedError("rebuild.refused-cut", unmentioned=0)

    async def _swap(self, lost: int, *, keep: bool) -> Swapped:
        people = changed = 0
        async for page in self._beside.all(BATCH):
            rebuilt = {each.id: each for each in page}

            def swap(evidence: Evidence, rebuilt: dict[str, Rebuilt] = rebuilt) -> Evidence:
                return swapped(evidence, rebuilt[evidence.id], keep=keep)

            changed += await self._work.change(list(rebuilt), swap)
            people += len(page)
            self._teller.progress("rebuild.swapping", done=people)
        return Swapped(people, changed, lost)


def _news(envelope: Envelope) -> tuple[str, Record] | None:
    """Read an event about a credential just as the consumer does; any other event, or a broken one, is no news."""
    try:
        if envelope.type == _STORED:
            stored = Credential.model_validate(envelope.data)
            return stored.holder.index, credential_record(stored, envelope.time)
        if envelope.type in _GONE:
            gone = CredentialGone.model_validate(envelope.data)
            return gone.holder.index, credential_gone(gone, _GONE[envelope.type])
    except ValidationError:
        return None
    return None
