"""A file that was handed over is forgotten at the end of its term, with the lines that were refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from credential_store import store
from credential_store.domain.hand_over import HandOver, ReceivedFile, RefusedLine
from store.repository import Database
from testkit.terms import archive

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def hand_over(id: str, *, ended: bool) -> HandOver:
    return HandOver(
        id=id,
        number=id,
        department="health",
        by="officer",
        received=ReceivedFile(file=id, name="a.jsonl", digest="0" * 64, size=9, columns=()),
        mapping=None,
        state="done" if ended else "running",
        received_at=NOW,
        resumed_at=NOW,
        moved_at=NOW,
        ended_at=NOW if ended else None,
    )


async def test_a_hand_over_goes_with_its_refused_lines_when_its_term_has_ended(database: Database) -> None:
    documents = store.HandOverDocuments(database)
    async with archive("credential-store", database, store.INDEXES, store.CASCADES) as kept:
        for id_, ended in (("done", True), ("running", False)):
            lines = [
                RefusedLine(id=f"{id_}/{n}", hand_over=id_, line=n, record_id=None, reason="r", path="/", rule="x")
                for n in range(3)
            ]
            await kept.keep(documents.save(hand_over(id_, ended=ended)), *map(documents.refuse, lines))
        term = timedelta(days=kept.kinds["hand-overs"].days or 0)
        for seconds, left in ((-1, {"done", "running"}), (0, {"running"})):
            await kept.turn(NOW + term + timedelta(seconds=seconds))
            assert {row["_id"] async for row in database["hand-overs"].find({})} == left
            assert {row["hand_over"] async for row in database["refused-lines"].find({})} == left
