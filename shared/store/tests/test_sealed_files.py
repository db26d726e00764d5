"""Contents in GridFS are sealed piece by piece, can be read from anywhere, and can't be tampered with unnoticed."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from store.field_encryption import TamperedError
from store.repository import Database
from store.sealed_files import PIECE, SealedFiles

MARK = "广东省深圳市龙华区".encode()


async def kept(database: Database, content: bytes, file: str = "f1", cuts: Sequence[int] = ()) -> SealedFiles:
    files = SealedFiles(database, "scans")
    async with files.writing(file, {"media_type": "image/png"}) as write:
        for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            await write(content[begin:end])
    return files


async def whole(files: SealedFiles, file: str = "f1") -> bytes:
    pieces = await files.read(file)
    assert pieces is not None
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])
async def test_a_content_comes_back_however_it_arrived(database: Database, size: int) -> None:
    content = random.Random(size).randbytes(size)
    files = await kept(database, content, cuts=[size // 3, size // 2])
    assert await whole(files) == content


async def test_any_part_can_be_read(database: Database) -> None:
    content = random.Random(1).randbytes(3 * PIECE + 17)
    files = await kept(database, content)
    for offset, size in [(0, 10), (PIECE - 5, 10), (PIECE, PIECE), (2 * PIECE + 1, 2 * PIECE), (len(content) - 3, 99)]:
        assert await files.part("f1", offset, size) == content[offset : offset + size]
    assert await files.part("nothing", 0, 10) == b""


async def test_nothing_of_a_content_is_in_the_store(database: Database) -> None:
    await kept(database, MARK * 1000)
    async for chunk in database["scans.chunks"].find({}):
        assert MARK not in chunk["data"]


async def test_a_content_that_fails_half_way_leaves_nothing(database: Database) -> None:
    files = SealedFiles(database, "scans")

    async def fail() -> None:
        async with files.writing("f1") as write:
            await write(b"x" * (2 * PIECE))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await fail()
    assert await files.read("f1") is None
    assert await database["scans.chunks"].count_documents({}) == 0


async def test_a_changed_swapped_or_missing_chunk_is_refused(database: Database) -> None:
    content = random.Random(2).randbytes(3 * PIECE)
    files, chunks = await kept(database, content), database["scans.chunks"]
    first, second, third = [chunk async for chunk in chunks.find({}, sort=[("n", 1)])]

    await chunks.update_one({"_id": first["_id"]}, {"$set": {"data": second["data"]}})
    with pytest.raises(TamperedError, match="chunk 0 of a file was changed"):
        await whole(files)
    await chunks.update_one({"_id": first["_id"]}, {"$set": {"data": first["data"]}})

    await chunks.delete_one({"_id": second["_id"]})
    with pytest.raises(TamperedError, match="chunk 1 of a file is missing"):
        await whole(files)
    await chunks.insert_one(second)

    await chunks.delete_one({"_id": third["_id"]})
    with pytest.raises(TamperedError, match="cut short"):
        await whole(files)


async def test_a_chunk_of_another_file_is_refused(database: Database) -> None:
    files = await kept(database, b"a" * 100)
    await kept(database, b"b" * 100, "f2")
    other = await database["scans.chunks"].find_one({"files_id": "f2"})
    assert other is not None
    await database["scans.chunks"].update_one({"files_id": "f1"}, {"$set": {"data": other["data"]}})
    with pytest.raises(TamperedError, match="was changed"):
        await whole(files)
    its = (await database["scans.files"].find_one({"_id": "f2"}) or {})["metadata"]
    await database["scans.files"].update_one({"_id": "f1"}, {"$set": {"metadata": its}})
    with pytest.raises(TamperedError, match="was sealed for"):  # with its key it is still another file's
        await whole(files)


async def test_a_removed_content_is_gone_and_may_be_removed_again(database: Database) -> None:
    files = await kept(database, b"abc")
    await files.remove("f1")
    await files.remove("f1")
    assert await files.read("f1") is None
