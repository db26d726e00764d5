"""HTTP as uvicorn speaks it, for queries as people type them and for answers that people can read.

`?q=老人` arrives as bytes that the parser refuses before any of our code runs (RFC 3986 wants them percent-encoded;
curl sends them as they are). They are encoded here, in the query only: a path is compared byte by byte by everybody on
the way. What can't be parsed at all is answered with problem details in the caller's language.
"""

from __future__ import annotations

import json
import re
from email.utils import formatdate
from functools import lru_cache
from time import time
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from fastapi import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.errors import Refusal
from runtime.texts import Texts, choose

_LONGEST_LINE = 64 * 1024
_LANGUAGE = re.compile(rb"^accept-language:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class BrokenQuery(Refusal):
    """The query is no text in UTF-8 (400)."""

    status = 400


class Connection(HttpToolsProtocol):
    """One connection."""

    _between = True
    """Whether the next bytes begin a request."""
    _line = b""
    """A request line that is not whole yet."""
    _latest = b""

    def data_received(self, data: bytes) -> None:
        """Take bytes from the wire; a request line waits until it is whole."""
        if self._between:
            data, self._line = self._line + data, b""
            line, newline, rest = data.partition(b"\n")
            if not newline and len(data) < _LONGEST_LINE:
                self._line = data
                return
            self._between = not line.strip()  # an empty line may come before a request
            data = encoded(line) + newline + rest
        self._latest = data
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request, and date its answer."""
        self.server_state.default_headers = [_dated(int(time())), *self.config.encoded_headers]
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._between = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and hang up."""
        del msg  # English, for whoever writes a server
        asked = _LANGUAGE.search(self._latest)
        language, texts = choose(asked[1].decode("latin-1") if asked else None), Texts.of("runtime")
        code = "malformed-request"
        problem = {
            "type": f"urn:yizheng:problem:{code}",
            "status": 400,
            "code": code,
            "instance": uuid4().urn,  # what was asked for can't be told
            **{part: texts.say(language, f"problems.{code}.{part}") for part in ("title", "detail", "action")},
        }
        content = json.dumps(problem, ensure_ascii=False).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            f"content-language: {language}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()


@lru_cache(maxsize=1)
def _dated(second: int) -> tuple[bytes, bytes]:
    return b"date", formatdate(second, usegmt=True).encode()


def encoded(line: bytes) -> bytes:
    """Percent-encode the bytes of a request line's query that are no ASCII."""
    path, mark, query = line.partition(b"?")
    return path + mark + _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], query)


async def readable_query(request: Request) -> None:
    """Refuse a query that is no UTF-8: it would be read as something else than was asked."""
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise BrokenQuery("query-not-utf8") from None
