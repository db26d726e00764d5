"""Looking for people where they must not be: numbers, names and addresses in every byte that a system has written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from store.blind_index import BlindIndex

_DIGITS = re.compile(rb"\d{17,}[Xx]?")
_HEX = re.compile(rb"[0-9A-Fa-f]{20,}")
_NUMBER = re.compile(rb"\d{17}[\dXx]")
_CHINESE = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){3,}")
_BYTES_OF_ONE = 3
SHORTEST_NAME = 3
"""Characters: many a word has the two characters of a short name."""


@dataclass(frozen=True, slots=True)
class Used:
    """The numbers, names and addresses of everybody who took part, and what is made of a number with a leaked key."""

    numbers: frozenset[bytes]
    names: frozenset[bytes]
    lengths: frozenset[int] = field(default=frozenset(), repr=False)
    addresses: frozenset[bytes] = frozenset()
    hashes: frozenset[bytes] = frozenset()

    @classmethod
    def by(cls, people: Iterable[tuple[str, str]], addresses: Iterable[str] = ()) -> Used:
        """Take down everybody's number and name; of the names, those that are long enough to be told from a word."""
        known = list(people)
        names = frozenset(name.encode() for _, name in known if len(name) >= SHORTEST_NAME)
        numbers = frozenset(number.encode() for number, _ in known)
        return cls(numbers, names, frozenset(map(len, names)), frozenset(each.encode() for each in addresses))

    def addresses_in(self, content: bytes) -> set[str]:
        """Return the addresses that stand in some bytes."""
        return {address.decode() for address in self.addresses if address in content}

    def numbers_in(self, content: bytes) -> set[str]:
        """Return the numbers that stand in some bytes, and are no part of a longer one."""
        runs = {found[0].upper() for found in _DIGITS.finditer(content)}
        candidates = {run if _NUMBER.fullmatch(run) else run.rstrip(b"X") for run in runs}
        return {number.decode() for number in candidates & self.numbers}

    def names_in(self, content: bytes) -> set[str]:
        """Return the names that stand in some bytes, also within a longer run of characters."""
        return {
            part.decode() for run in _CHINESE.finditer(content) for part in self._parts(run[0]) if part in self.names
        }

    def hashes_in(self, content: bytes) -> set[str]:
        """Return the hashes (hex) with which a run of hex digits is, begins or ends."""
        runs, sizes = {found[0].lower() for found in _HEX.finditer(content)}, set(map(len, self.hashes))
        parts = {part for run in runs for size in sizes for part in (run[:size], run[-size:])}
        return {part.decode() for part in parts & self.hashes}

    def knowing(self, index: BlindIndex) -> Used:
        """Return what can be searched for with a leaked key: everybody's index, and ids that were hashes of it."""
        indexes = [index.of(number.decode()) for number in self.numbers]
        residents = [sha256(f"resident {each}".encode()).hexdigest()[:26] for each in indexes]
        cards = [sha256(f"{each}\nid-card\n\n".encode()).hexdigest()[:20] for each in indexes]
        return replace(self, hashes=frozenset(each.encode() for each in (*indexes, *residents, *cards)))

    def _parts(self, run: bytes) -> Iterator[bytes]:
        for begin in range(0, len(run), _BYTES_OF_ONE):
            yield from (run[begin : begin + length] for length in self.lengths)


def files_under(folder: Path) -> list[Path]:
    """Return every file that has something in it."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and content_of(path)]


def content_of(path: Path) -> bytes:
    """Read a file; the broker may just have replaced it, and this one is gone."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def searched(files: Collection[Path], used: Used) -> dict[str, set[str]]:
    """Return what was found in which file; nothing, when nothing leaked."""
    return {path.name: found for path in files if (found := _search(path, used))}


def _search(path: Path, used: Used) -> set[str]:
    content = content_of(path).rstrip(b"\0")  # a journal is made far longer than what is in it
    return used.numbers_in(content) | used.names_in(content) | used.addresses_in(content) | used.hashes_in(content)
