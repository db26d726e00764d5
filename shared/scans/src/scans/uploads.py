"""Reading an upload: never more than a scan may have, and nothing kept of what is refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from runtime.errors import Refusal, TooLarge, Unsupported
from scans.kinds import LARGEST, refuse_large

_AROUND_IT = 64 * 1024
"""Bytes of boundaries, headers and fields around the file."""

_READ_AT_MOST = 128 * 1024 * 1024
"""What is too large is read to its end, and dropped, so that the caller gets to read the answer; up to here."""


class Uploaded(NamedTuple):
    """A file as it was handed in, and the fields of the form beside it."""

    content: bytes
    fields: Mapping[str, str]


async def read_upload(request: Request, *fields: str) -> Uploaded:
    """Read the file and these fields. Raises TooLarge, Unsupported or Refusal."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Unsupported("upload-not-multipart")
    pieces = _Limited(request.stream())
    parser = MultiPartParser(request.headers, pieces.stream(), max_files=1, max_fields=10)
    parser.spool_max_size = LARGEST + _AROUND_IT  # in memory: a scan never touches the disk of this process
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise Refusal("upload-not-readable") from error
    finally:
        await pieces.drop_rest()
    try:
        return await _upload(form, fields)
    finally:
        await form.close()


async def _upload(form: FormData, fields: Sequence[str]) -> Uploaded:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refusal("scan-missing", field="file")
    content = await file.read()
    refuse_large(len(content))
    return Uploaded(content, {name: _field(form, name) for name in fields})


def _field(form: FormData, name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("upload-field-missing", field=name)
    return value


class _Limited:
    """A request's body that ends with TooLarge when it is more than a scan."""

    def __init__(self, body: AsyncGenerator[bytes, None]) -> None:
        self._body = body
        self._read = 0

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Pass the body on. Raises TooLarge."""
        async for piece in self._body:
            self._read += len(piece)
            if self._read > LARGEST + _AROUND_IT:
                raise TooLarge("scan-too-large", field="file", most=LARGEST // 1024 // 1024)
            yield piece

    async def drop_rest(self) -> None:
        """Read what is left and forget it."""
        async for piece in self._body:
            self._read += len(piece)
            if self._read > _READ_AT_MOST:
                return
