"""`python -m matcher load-mirror FILE`: load records of the city mirror from JSON Lines, restartable at any time."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson

from matcher.commands.console import MatcherConsole
from matcher.commands.mirror_lines import Bad, MirrorLine, digest, read
from matcher.commands.workplace import Workplace
from matcher.domain.evidence import Evidence, EvidenceRecord
from matcher.domain.mirror import MirrorLoad
from matcher.handlers.records import city_record
from matcher.store import MirrorLoads
from matcher.views import CityRecord
from records import replies
from standards.bounds import MOST_RECORDS

BATCH = 1000
_SHOWN_BAD_LINES = 20


class Loader:
    """One load of one file."""

    def __init__(self, path: Path, work: Workplace, teller: MatcherConsole) -> None:
        self._path = path
        self._rejected = path.with_name(f"{path.name}.rejected.jsonl")
        self._work = work
        self._teller = teller
        self._loads = MirrorLoads(work.database)
        self._begun = time.monotonic()

    async def load(self, *, from_start: bool = False) -> MirrorLoad:
        """Load the file, or go on where it was interrupted, or say that it is done. Raises OSError."""
        load = await self._begin(from_start=from_start)
        if load.ended_at is not None:
            self._teller.say(
                "load.done-before", file=self._path, at=load.ended_at, lines=load.lines, rejected=load.rejected
            )
            return load
        first_line = load.lines
        for batch in self._batches(load):
            load = await self._loads.remember(await self._take(batch, load))
            self._show(load, first_line)
        load = await self._loads.remember(load.model_copy(update={"ended_at": self._work.clock()}))
        self._report(load)
        return load

    async def _begin(self, *, from_start: bool) -> MirrorLoad:
        content, size = digest(self._path), self._path.stat().st_size
        begun = await self._loads.get(content)
        if begun is not None and not from_start:
            if begun.ended_at is None:
                self._teller.say("load.resumes", file=self._path, lines=begun.lines)
                self._shorten_rejected(begun.rejected_bytes)
            return begun
        self._teller.say("load.begins", file=self._path, size=size)
        self._shorten_rejected(0)
        return MirrorLoad(id=content, file=str(self._path), size=size, begun_at=self._work.clock())

    def _batches(self, load: MirrorLoad) -> Iterator[Sequence[MirrorLine]]:
        lines = read(self._path, self._work.rules, self._work.index, offset=load.offset, number=load.lines)
        while batch := list(islice(lines, BATCH)):
            yield batch

    async def _take(self, batch: Sequence[MirrorLine], load: MirrorLoad) -> MirrorLoad:
        """Store a batch's records and set its bad lines aside; return how far the load has come with it."""
        told_at = self._work.clock()
        news: defaultdict[str, list[tuple[MirrorLine, EvidenceRecord]]] = defaultdict(list)
        for line in batch:
            if isinstance(line.said, CityRecord):
                news[line.said.holder_index].append((line, city_record(line.said, told_at)))
        fresh: set[tuple[str, str]] = set()
        full: dict[int, MirrorLine] = {}

        def learn(evidence: Evidence) -> Evidence:
            for line, record in news[evidence.id]:
                if evidence.record(record.key) is None and evidence.held_by("city") >= MOST_RECORDS:
                    full[line.number] = replace(line, said=Bad("holder-full", {"most": MOST_RECORDS}))
                    continue
                after = evidence.with_record(record)
                if after is not evidence:
                    fresh.add((evidence.id, record.record_id))
                evidence = after
            return evidence

        await self._work.change(list(news), learn)
        told = [full.get(line.number, line) for line in batch]
        bad = [line for line in told if isinstance(line.said, Bad)]
        return load.model_copy(
            update={
                "offset": batch[-1].end,
                "lines": batch[-1].number,
                "changed": load.changed + len(fresh),
                "rejected": load.rejected + len(bad),
                "rejected_bytes": self._set_aside(bad, load),
            }
        )

    def _set_aside(self, bad: Sequence[MirrorLine], load: MirrorLoad) -> int:
        """Append the bad lines to their file, safely on the disk before the load counts them; return its length."""
        if not bad:
            return load.rejected_bytes
        with self._rejected.open("ab") as file:
            for number, line in enumerate(bad, start=load.rejected):
                reason = self._reason(line)
                kept = {"line": line.number, "reason": reason, "written": line.written.decode(errors="replace").strip()}
                file.write(orjson.dumps(kept) + b"\n")
                if number < _SHOWN_BAD_LINES:
                    self._teller.say("load.bad-line", line=line.number, reason=reason)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _reason(self, line: MirrorLine) -> str:
        assert isinstance(line.said, Bad)  # noqa: S101 - only bad lines have one
        bad, language = line.said, self._teller.language
        rule = replies.say(language, "rule", bad.fault) if bad.fault else ""
        return self._teller.text(f"load.reasons.{bad.reason}", **bad.params, rule=rule)

    def _shorten_rejected(self, length: int) -> None:
        """Forget bad lines that were written down after the last batch that counts; they are read again."""
        if length == 0:
            self._rejected.unlink(missing_ok=True)
        elif self._rejected.exists():
            os.truncate(self._rejected, length)

    def _show(self, load: MirrorLoad, first_line: int) -> None:
        speed = (load.lines - first_line) / max(time.monotonic() - self._begun, 0.001)
        percent = 100 * load.offset // max(load.size, 1)
        self._teller.progress(
            "load.progress", percent=percent, lines=load.lines, rejected=load.rejected, speed=round(speed)
        )

    def _report(self, load: MirrorLoad) -> None:
        self._teller.say(
            "load.ends",
            lines=load.lines,
            changed=load.changed,
            rejected=load.rejected,
            seconds=round(time.monotonic() - self._begun, 1),
        )
        if load.rejected:
            self._teller.say("load.rejected", file=self._rejected)
