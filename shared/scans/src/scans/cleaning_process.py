"""Where files of strangers are taken apart: in processes with little memory, little time and nothing else to reach.

`python -m scans.cleaning_process` is such a process. For each request on standard input it forks a child, which
reads the file, shuts itself in (`sandbox.py`) and cleans the file, or dies trying: the next file finds everything as it
was. The process itself never holds a byte of a file, so that no child inherits what another person handed in. It passes
on as much as the child's answer announces, so that no child answers for the next. It loads no more than that takes.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from typing import NoReturn

import orjson

from runtime.errors import Refusal
from scans import sandbox, sanitisation

MEMORY = 768 * 1024 * 1024
"""Bytes: a picture of 50 million pixels, twice, and the libraries."""
SECONDS = 20
MADE, REFUSED, DIED = range(3)
WITHOUT_SANDBOX = "--without-sandbox"
HEAD = struct.Struct(">II")
"""Of a request: bytes of the media type, bytes of the file. Of an answer: what became of it, bytes that follow."""
_REQUESTS, _ANSWERS = 0, 1
"""Descriptors of the process: bytes of files come in on the one and go out on the other."""


def main() -> None:
    """Clean files until there are no more."""
    sanitisation.get_ready()
    may_stand_open = WITHOUT_SANDBOX in sys.argv
    try:
        sandbox.close_paths()
    except sandbox.SandboxError:
        if not may_stand_open:
            raise
    while head := _read(_REQUESTS, HEAD.size):
        answer, answering = os.pipe()
        if os.fork() == 0:
            os.close(answer)
            _clean(answering, *HEAD.unpack(head), may_stand_open=may_stand_open)
        os.close(answering)
        _pass_on(answer)
        os.close(answer)
        os.wait()


def _pass_on(answer: int) -> None:
    """Hand on one answer, exactly as long as it says, without looking into it. Ends the process when it is cut off."""
    head = _read(answer, HEAD.size)
    if len(head) < HEAD.size:
        os.write(_ANSWERS, HEAD.pack(DIED, 0))
        return
    left = HEAD.unpack(head)[1]
    os.write(_ANSWERS, head)
    while left:
        moved = os.splice(answer, _ANSWERS, left)
        if not moved:
            sys.exit("an answer was cut off: the next would be taken for the rest of it")
        left -= moved


def _clean(answering: int, kind_size: int, size: int, *, may_stand_open: bool) -> NoReturn:
    """Answer for one file, and end. What can't be answered ends without an answer and a code that says so."""
    code = 1
    try:
        media_type, content = _read(_REQUESTS, kind_size).decode(), _read(_REQUESTS, size)
        os.close(_REQUESTS)
        os.close(_ANSWERS)
        answer = os.fdopen(answering, "wb")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
        try:
            sandbox.close_calls()
        except sandbox.SandboxError:
            if not may_stand_open:
                raise
        fate, made = _cleaned(content, media_type)
        answer.write(HEAD.pack(fate, len(made)) + made)
        answer.flush()
        code = 0
    finally:
        os._exit(code)


def _read(descriptor: int, size: int) -> bytes:
    """Read so many bytes, or what there is before the end."""
    parts = []
    while size and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _cleaned(content: bytes, media_type: str) -> tuple[int, bytes]:
    try:
        return MADE, sanitisation.sanitised(content, media_type)
    except Refusal as refusal:
        return REFUSED, orjson.dumps({"code": refusal.code, "params": refusal.params})


if __name__ == "__main__":
    main()
