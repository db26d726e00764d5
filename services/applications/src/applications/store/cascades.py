"""What goes with applications that go: scans, what parties agreed on, who has it in hand; only their ids are kept."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pymongo import DeleteOne

from applications.domain.scans import HandedIn
from applications.store import documents
from applications.store.files import GridPieces, ScanFiles
from runtime.clock import utc_now
from store.commit import tombstone
from store.repository import Database, Document, Write
from store.retention import Cascade, removal


async def of_applications(database: Database, applications: Sequence[Document]) -> Sequence[Write]:
    """Remove the contents of their scans, prepare that the rest goes with them, and that nothing waits for them."""
    files, scans = ScanFiles(database), defaultdict[str, list[str]](list)
    for application in applications:
        scans[application["applicant_id"]] += [scan["id"] for scan in application["scans"]]
    for scan in itertools.chain.from_iterable(scans.values()):
        await files.remove(scan)
    ids, now = [application["_id"] for application in applications], utc_now()
    hands = await database["hands"].find({"application_id": {"$in": ids}}).to_list()
    uploads = await database["uploads"].find({"application_id": {"$in": ids}}).to_list()
    await of_uploads(database, uploads)
    return [
        *(removal("hands", hand) for hand in hands),
        *(Write("uploads", DeleteOne({"_id": upload["_id"]})) for upload in uploads),
        *(Write("agreements", DeleteOne({"_id": id_})) for id_ in ids),
        *(tombstone(id_, now) for id_ in ids),
        *[write for resident, theirs in scans.items() for write in await _not_used_again(database, resident, theirs)],
    ]


async def _not_used_again(database: Database, resident_id: str, scans: Sequence[str]) -> Sequence[Write]:
    """Forget these scans among those that their owner can use again."""
    handed_in = documents.handed_in(database)
    known = await handed_in.get(resident_id) if scans else None
    left = known
    for scan in scans:
        left = left.without(scan) if left else None
    return () if known is None or left is None or left == known else (_saved(handed_in.save(left), left),)


def _saved(write: Write, left: HandedIn) -> Write:
    """Keep nothing at all of whoever has nothing left to use again."""
    if left.kept:
        return write
    gone = DeleteOne({"_id": left.id, "version": left.version})
    return Write(write.collection, gone, must_match=1)


async def of_uploads(database: Database, uploads: Sequence[Document]) -> Sequence[Write]:
    """Remove what has come of scans that never became whole."""
    pieces = GridPieces(database)
    for piece in itertools.chain.from_iterable(upload["pieces"] for upload in uploads):
        await pieces.remove(piece)
    return ()


CASCADES: Mapping[str, Cascade] = {"applications": of_applications, "uploads": of_uploads}
