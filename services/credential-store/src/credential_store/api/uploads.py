"""Receiving a file of any size: passed on piece by piece as it arrives, never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from credential_store.domain import first_look, mapping_text
from credential_store.domain.column_map import Mapping
from credential_store.domain.hand_over import ReceivedFile
from credential_store.domain.mapping_faults import Check, read_mapping
from credential_store.store import HandOverFiles
from runtime.errors import Refusal, TextKey, TooLarge, Unsupported
from runtime.ids import new_id

LARGEST = 1024 * 1024 * 1024
_EXAMINED = 64 * 1024
"""Bytes at the beginning of a file that are looked at before the rest is taken."""
_PLAIN = {"application/x-ndjson", "application/jsonl", "application/json", "application/octet-stream", "text/csv"}

_TABLES = ("text/csv", "text/tab-separated-values", "application/vnd.ms-excel")
_NAMES_OF_TABLES = (".csv", ".tsv")

Sink = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FileUpload:
    """A file that has arrived, and the mapping that came with it."""

    received: ReceivedFile
    mapping: Mapping | None


async def receive(
    request: Request, mapping: str | None, name: str | None, files: HandOverFiles, check: Check
) -> FileUpload:
    """Store the file of a request: its body, or the part `file` of a form, whose part `mapping` comes before it.

    A mapping is read, and what is wrong with it told, before anything of the file is.

    Raises Refusal, Unsupported or TooLarge, and then nothing of the file stays.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        kind = request.headers["content-encoding"]
        raise Unsupported("file-compressed", field="Content-Encoding", kind=kind)
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    arriving = _Arriving(new_id("file"), name or "", check)
    if mapping is not None:
        arriving.take_mapping(_query(mapping))
    async with files.arriving(arriving.file) as sink:
        if media_type == b"multipart/form-data" and b"boundary" in options:
            await _Form(options[b"boundary"], arriving, sink).take(request.stream())
        elif media_type.decode("latin-1") in _PLAIN:
            await _take_plain(request.stream(), arriving, sink, is_table=media_type == b"text/csv")
        else:
            raise Unsupported("hand-over-media-type", field="Content-Type")
        return await arriving.ended(sink)


async def _take_plain(body: AsyncIterator[bytes], arriving: _Arriving, sink: Sink, *, is_table: bool) -> None:
    if is_table and arriving.mapping is None:
        raise Refusal("mapping-missing", field="mapping")
    async for piece in body:
        await arriving.take(piece, sink)


@dataclass(slots=True)
class _Arriving:
    """A file on its way: examined once its beginning is there."""

    file: str
    name: str
    check: Check
    size: int = 0
    mapping: Mapping | None = None
    seen: first_look.FirstLook | None = None
    beginning: bytes = b""
    digest: Any = field(default_factory=sha256)
    """hashlib has no public type for it."""

    def take_mapping(self, written: bytes) -> None:
        """Read the mapping. Raises Refusal."""
        self.mapping = read_mapping(written, self.check)

    async def take(self, piece: bytes, sink: Sink) -> None:
        """Pass on the next piece. Raises TooLarge."""
        self.size += len(piece)
        if self.size > LARGEST:
            raise TooLarge("hand-over-too-large", field="file", most=LARGEST // 1024 // 1024)
        self.digest.update(piece)
        if self.seen is None:
            self.beginning += piece
            if len(self.beginning) < _EXAMINED:
                return
            self.seen = first_look.look(self.beginning, self.mapping)
            piece, self.beginning = self.beginning, b""
        await sink(piece)

    async def ended(self, sink: Sink) -> FileUpload:
        if self.seen is None:
            self.seen = first_look.look(self.beginning, self.mapping)
            await sink(self.beginning)
        digest: str = self.digest.hexdigest()
        received = ReceivedFile(
            file=self.file,
            name=self.name[:200],
            digest=digest,
            size=self.size,
            columns=self.seen.columns,
            header=self.seen.header,
        )
        return FileUpload(received, self.seen.mapping)


class _Form:
    """A form whose parts are passed on as they come; Starlette's own parser would keep the file on this disk."""

    def __init__(self, boundary: bytes, arriving: _Arriving, sink: Sink) -> None:
        self._arriving = arriving
        self._sink = sink
        self._header = [b"", b""]
        self._part = self._type = ""
        self._text = b""
        self._pieces: list[bytes] = []
        self._has_file = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._spell(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._spell(1, data[start:end]),
                "on_header_end": self._header_ended,
                "on_headers_finished": self._headers_ended,
                "on_part_data": self._piece,
                "on_part_end": self._end,
            },
        )

    async def take(self, body: AsyncIterator[bytes]) -> None:
        """Take the whole form. Raises Refusal."""
        try:
            async for piece in body:
                self._parser.write(piece)
                pieces, self._pieces = self._pieces, []
                for each in pieces:
                    await self._arriving.take(each, self._sink)
            self._parser.finalize()
        except MultipartParseError as error:
            raise Refusal("form-not-readable") from error
        if not self._has_file:
            raise Refusal("file-missing", field="file")

    def _begin(self) -> None:
        self._part, self._type, self._text = "", "", b""

    def _spell(self, which: int, letters: bytes) -> None:
        self._header[which] += letters

    def _header_ended(self) -> None:
        (name, value), self._header = self._header, [b"", b""]
        if name.lower() == b"content-type":
            self._type = value.partition(b";")[0].strip().lower().decode("latin-1")
        if name.lower() == b"content-disposition":
            _, options = parse_options_header(value)
            self._part = options.get(b"name", b"").decode(errors="replace")
            if self._part == "file":
                self._has_file = True
                self._arriving.name = options.get(b"filename", b"").decode(errors="replace")

    def _headers_ended(self) -> None:
        """Refuse a table without a mapping before any of it is read."""
        is_table = self._type in _TABLES or self._arriving.name.lower().endswith(_NAMES_OF_TABLES)
        if self._part == "file" and is_table and self._arriving.mapping is None:
            raise Refusal("mapping-missing", field="mapping")

    def _piece(self, data: bytes, start: int, end: int) -> None:
        if self._part == "file":
            self._pieces.append(data[start:end])
        elif len(self._text) <= mapping_text.LONGEST:
            self._text += data[start:end]

    def _end(self) -> None:
        if self._part == "mapping":
            if self._has_file:
                raise Refusal("mapping-after-file", field="mapping")
            self._arriving.take_mapping(self._text)


def _query(mapping: str) -> bytes:
    """Return a mapping of the address as it was written, as far as that can be told."""
    if "\ufffd" in mapping:  # what was no UTF-8 has been replaced
        raise Refusal("mapping-encoding", field="mapping", encoding=TextKey("encodings.unknown"))
    return mapping.encode(errors="surrogatepass")
