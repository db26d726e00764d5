"""`python -m matcher rebuild-projection`: rebuild what came from the credential store while the service runs.

1. Note which credentials the evidence has now. 2. Read the trail up to its present end into a collection beside the
evidence. 3. Check that the trail says enough. 4. Swap, person by person.

Until its own swap a person's evidence is as it was, and what the service learns meanwhile stays: sequences only move
forward.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from bus.envelope import BrokenMessageError, Envelope, decode_event
from bus.tasks import cancel_and_wait
from matcher.commands.console import MatcherConsole
from matcher.commands.trail import KeptMessage, TrailStream
from matcher.commands.workplace import Workplace
from matcher.domain.evidence import Evidence, EvidenceRecord
from matcher.domain.rebuild import Rebuilt, known_in, swapped
from matcher.handlers.records import credential_gone, credential_record
from matcher.store import RebuiltStore
from matcher.views import CredentialGone, StoredCredential
from runtime.ids import new_id

BATCH = 500
_STORED = "credential-store.credential-stored.v1"
_GONE: Mapping[str, Literal["suspended", "revoked", "expired"]] = {
    "credential-store.credential-suspended.v1": "suspended",
    "credential-store.credential-revoked.v1": "revoked",
    "credential-store.credential-expired.v1": "expired",
}

Unmentioned = Literal["keep", "drop"]


class EventRefusedError(Exception):
    """The trail does not say enough; nothing was changed. `key` is the text that says why."""

    def __init__(self, key: str, *, unmentioned: int) -> None:
        super().__init__(key)
        self.key = key
        self.unmentioned = unmentioned


@dataclass(slots=True)
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

    def __init__(self, work: Workplace, trail: TrailStream, teller: MatcherConsole) -> None:
        run = new_id("run")
        self._run = run
        self._work = work
        self._trail = trail
        self._teller = teller
        self._beside = RebuiltStore(work.database, run)

    async def run(self, unmentioned: Unmentioned | None = None) -> Swapped:
        """Rebuild.

        Raises CallRefusedError when the trail does not say enough and `unmentioned` does not say what then.
        """
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
        async for page in self._work.evidence.batches(BATCH, in_full=False):
            known = [noted for noted in map(known_in, page) if noted.known]
            await self._beside.save_many(known)
            people += len(known)
            records += sum(len(noted.known) for noted in known)
        self._teller.say("rebuild.known", people=people, records=records)

    async def _read_trail(self, end: int) -> Read:
        read, waiting = Read(), list[tuple[str, EvidenceRecord]]()
        gathering = asyncio.create_task(self._gather([]))
        try:
            async for page in self._trail.read(end):
                events = [self._opened(kept) for kept in page]
                if read.events == 0:
                    read.first, read.oldest = page[0].offset, events[0].time.isoformat() if events[0] else ""
                news = [each for each in map(_news, filter(None, events)) if each]
                read.events += len(page)
                read.credentials += len(news)
                waiting += news
                if len(waiting) >= BATCH:
                    await gathering  # one at a time, while the next page is read
                    gathering, waiting = asyncio.create_task(self._gather(waiting)), []
                progress = {"read": page[-1].offset + 1, "total": end + 1, "credentials": read.credentials}
                self._teller.progress("rebuild.reading", **progress)
            await gathering
            await self._gather(waiting)
        finally:
            await cancel_and_wait([gathering])
        if read.is_whole:
            self._teller.say("rebuild.complete", read=read.events, credentials=read.credentials)
        else:
            self._teller.say("rebuild.cut", oldest=read.oldest, offset=read.first)
        return read

    def _opened(self, kept: KeptMessage) -> Envelope | None:
        """Read an event that is signed by who may say it; the consumer has dead-lettered whatever is not."""
        try:
            envelope = decode_event(kept.body)
            self._work.runtime.keys.check(kept.body, envelope)
            return self._work.runtime.keys.cipher.decrypted(envelope)
        except BrokenMessageError:
            return None

    async def _gather(self, news: Sequence[tuple[str, EvidenceRecord]]) -> None:
        gathered = await self._beside.many(list(dict(news)))
        for index, record in news:
            gathered[index] = gathered.get(index, Rebuilt(id=index)).with_record(record)
        await self._beside.save_many(list(gathered.values()))

    async def _unmentioned(self) -> int:
        pages = self._beside.batches(BATCH, in_full=False)
        return sum([len(rebuilt.unmentioned) async for page in pages for rebuilt in page])

    def _check(self, read: Read, lost: int, unmentioned: Unmentioned | None) -> None:
        """Refuse to lose what the trail does not say, or to pass a part for the whole, unless told to."""
        if unmentioned is None and lost:
            raise EventRefusedError("rebuild.refused", unmentioned=lost)
        if unmentioned is None and not read.is_whole:
            raise EventRefusedError("rebuild.refused-cut", unmentioned=0)

    async def _swap(self, lost: int, *, keep: bool) -> Swapped:
        people = changed = 0
        async for page in self._beside.batches(BATCH):
            rebuilt = {each.id: each for each in page}

            def swap(evidence: Evidence, rebuilt: dict[str, Rebuilt] = rebuilt) -> Evidence:
                return swapped(evidence, rebuilt[evidence.id], keep=keep)

            changed += await self._work.change(list(rebuilt), swap)
            people += len(page)
            self._teller.progress("rebuild.swapping", done=people)
        return Swapped(people, changed, lost)


def _news(envelope: Envelope) -> tuple[str, EvidenceRecord] | None:
    """Read an event about a credential just as the consumer does; any other event, or a broken one, is no news."""
    try:
        if envelope.type == _STORED:
            stored = StoredCredential.model_validate(envelope.data)
            return stored.holder.index, credential_record(stored, envelope.time)
        if envelope.type in _GONE:
            gone = CredentialGone.model_validate(envelope.data)
            return gone.holder.index, credential_gone(gone, _GONE[envelope.type])
    except ValidationError:
        return None
    return None
