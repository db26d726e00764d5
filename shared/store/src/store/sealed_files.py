"""Contents in GridFS, sealed: each file has a key of its own, which the vault seals into the file's metadata.

A piece of the content is a chunk of the bucket, encrypted by AES-256-GCM with its number as nonce and the file's id as
what it belongs to. So any part can be read without the rest, a chunk that was moved, swapped or changed is refused, and
a new data key of the vault means sealing 32 bytes anew and not the content.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile
from pymongo import ASCENDING

from store.field_encryption import TamperedError
from store.repository import Database, Document
from store.sealed_fields import SEALED, name_of

Sink = Callable[[bytes], Awaitable[None]]

PIECE = 255 * 1024
"""Bytes of content in one chunk."""
_TAG = 16
_KEY_BITS = 256
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Cipher:
    key: AESGCM
    file: bytes

    def seal(self, number: int, piece: bytes) -> bytes:
        return self.key.encrypt(number.to_bytes(_NONCE, "big"), piece, self.file)

    def open(self, number: int, chunk: Document) -> bytes:
        if chunk["n"] != number:
            raise TamperedError(f"chunk {number} of a file is missing")
        try:
            return self.key.decrypt(number.to_bytes(_NONCE, "big"), chunk["data"], self.file)
        except InvalidTag as error:
            raise TamperedError(f"chunk {number} of a file was changed") from error


class SealedFiles:
    """One bucket of sealed files."""

    def __init__(self, database: Database, bucket: str) -> None:
        self._bucket = AsyncGridFSBucket(database, bucket, chunk_size_bytes=PIECE + _TAG)
        self._name = f"{bucket}.files"
        self.files = database[self._name]
        self._chunks = database[f"{bucket}.chunks"]
        self._vault = database.vault

    @asynccontextmanager
    async def writing(self, file: str, metadata: Mapping[str, Any] | None = None) -> AsyncIterator[Sink]:
        """Write a file as it comes. What was written before a failure is removed."""
        key = AESGCM.generate_key(_KEY_BITS)
        sealed = await self._vault.encrypt({"key": key}, name_of(self._name, file))
        kept = {**(metadata or {}), SEALED: sealed}
        async with self._bucket.open_upload_stream_with_id(file, file, metadata=kept) as stream:
            pieces = _Pieces(_Cipher(AESGCM(key), file.encode()), stream.write)
            yield pieces.take
            await pieces.end()

    async def read(self, file: str) -> AsyncIterator[bytes] | None:
        """Return a content in pieces, None when there is none. Raises TamperedError for one that was tampered with."""
        found = await self.files.find_one({"_id": file})
        return None if found is None else self._pieces(found, await self._cipher(found))

    async def part(self, file: str, offset: int, size: int) -> bytes:
        """Return up to so many bytes from an offset on; nothing of a file that is not there."""
        found = await self.files.find_one({"_id": file})
        if found is None:
            return b""
        cipher = await self._cipher(found)
        first, last = offset // PIECE, (offset + size - 1) // PIECE
        wanted = {"files_id": file, "n": {"$gte": first, "$lte": last}}
        chunks = await self._chunks.find(wanted, sort=[("n", ASCENDING)]).to_list()
        content = b"".join(cipher.open(number, chunk) for number, chunk in enumerate(chunks, start=first))
        start = offset - first * PIECE
        return content[start : start + size]

    async def remove(self, file: str) -> None:
        """Remove a content, also one of which only a part arrived."""
        with suppress(NoFile):
            await self._bucket.delete(file)

    async def _cipher(self, found: Document) -> _Cipher:
        opened = await self._vault.decrypt(found["metadata"][SEALED], name_of(self._name, found["_id"]))
        return _Cipher(AESGCM(opened["key"]), str(found["_id"]).encode())

    async def _pieces(self, found: Document, cipher: _Cipher) -> AsyncIterator[bytes]:
        left = int(found["length"])
        number = 0
        async with self._chunks.find({"files_id": found["_id"]}, sort=[("n", ASCENDING)]) as chunks:
            async for chunk in chunks:
                yield cipher.open(number, chunk)
                left -= len(chunk["data"])
                number += 1
        if left:
            raise TamperedError(f"{self._name}: a content was cut short")


class _Pieces:
    """Cuts what comes into pieces of one size and passes them on sealed."""

    def __init__(self, cipher: _Cipher, write: Sink) -> None:
        self._cipher = cipher
        self._write = write
        self._waiting = bytearray()
        self._number = 0

    async def take(self, content: bytes) -> None:
        self._waiting += content
        while len(self._waiting) >= PIECE:
            await self._pass_on(PIECE)

    async def end(self) -> None:
        """Pass on what is left."""
        if self._waiting:
            await self._pass_on(len(self._waiting))

    async def _pass_on(self, size: int) -> None:
        await self._write(self._cipher.seal(self._number, bytes(self._waiting[:size])))
        del self._waiting[:size]
        self._number += 1
