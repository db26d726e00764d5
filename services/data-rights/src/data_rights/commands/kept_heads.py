"""Heads that were kept outside: files of a department, of the open page, of this service; signatures are checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from data_rights.handlers.blocks import HEAD
from runtime.json_signatures import PublicKeys, SignatureError
from standards.hash_chain import stamp
from standards.moments import read_moment

Heads = Mapping[int, set[str]]
"""By the number of a block, every hash that was published of it: one, unless a source was rewritten."""


@dataclass(slots=True)
class KeptHeads:
    """What files say: the hashes by block, and since when each block is known outside by a signature."""

    hashes: dict[int, set[str]] = field(default_factory=dict)
    since: dict[int, datetime] = field(default_factory=dict)

    def fixed(self, up_to: int) -> tuple[int, datetime] | None:
        """Return the last block up to a number that is known outside, and since when."""
        number = max((each for each in self.since if each <= up_to), default=None)
        return None if number is None else (number, self.since[number])


def read(paths: Iterable[Path], keys: PublicKeys | None) -> KeptHeads:
    """Read files with a JSON text in each line, or one for all of it. Raises OSError, and ValueError naming the line.

    A text is a line of this service's own file (`number`, `hash`, `at`, `signed`), an answer of `/v1/record-heads`
    (`items`) or an event from a department's queue (`data`). What is signed must be signed by one of the keys.
    """
    kept = KeptHeads()
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for place, content in _texts(text):
            try:
                for head in _heads(json.loads(content)):
                    _take(head, keys, kept)
            except (ValueError, KeyError, TypeError, SignatureError) as error:
                raise ValueError(f"{path}:{place}: {error!r}") from error
    return kept


def _texts(text: str) -> Iterator[tuple[int, str]]:
    try:
        json.loads(text)
    except ValueError:
        yield from ((place, line) for place, line in enumerate(text.splitlines(), start=1) if line.strip())
    else:
        yield 1, text


def _heads(found: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - whatever a file says
    if isinstance(found, list):
        for each in found:
            yield from _heads(each)
    elif "items" in found:
        yield from _heads(found["items"])
    else:
        yield found.get("data", found)


def _take(head: Mapping[str, Any], keys: PublicKeys | None, kept: KeptHeads) -> None:
    number, hash_ = int(head["number"] if "number" in head else head["block"]), str(head["hash"])
    kept.hashes.setdefault(number, set()).add(hash_)
    signed = head.get("signed")
    if signed is None or keys is None:
        return
    payload = keys.verify(str(signed), HEAD)
    at = read_moment(str(payload["at"]))
    if payload != {"block": number, "hash": hash_, "at": stamp(at)}:
        raise ValueError("the signature is of another head")
    kept.since[number] = min(at, kept.since.get(number, at))
