"""A file of keys (JSON Web Key Set, RFC 7517) that may change while the process runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from joserfc.errors import JoseError

KeyT = TypeVar("KeyT")
_LOOK_EVERY = 5.0
"""Seconds between looks whether the file has changed; an unknown key is looked for at once."""


class EventKeyError(Exception):
    """A file of keys that can't be used, or a key that is missing; the message names it."""


class KeyFile(Generic[KeyT]):
    """The keys in a file, by the names that `read` gives them. What was known stays when it can't be read any more."""

    def __init__(self, path: Path, read: Callable[[Mapping[str, Any]], Iterable[tuple[str, KeyT]]]) -> None:
        """Read the file. The first key of a name counts. Raises EventKeyError."""
        self._path = path
        self._read_entry = read
        self._keys: dict[str, KeyT] = {}
        self._changed = -1
        self._looked = 0.0
        self._read()

    def find(self, name: str) -> KeyT | None:
        """Return the key of a name, None when there is none."""
        if name not in self._keys or time.monotonic() - self._looked > _LOOK_EVERY:
            self._read()
        return self._keys.get(name)

    def _read(self) -> None:
        self._looked = time.monotonic()
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                keys: dict[str, KeyT] = {}
                for entry in orjson.loads(self._path.read_bytes())["keys"]:
                    for name, key in self._read_entry(entry):
                        keys.setdefault(name, key)
                self._keys, self._changed = keys, changed
        except (OSError, KeyError, TypeError, ValueError, JoseError) as error:
            if self._changed < 0:
                raise EventKeyError(f"{self._path}:1: the keys of events can't be used: {error!r}") from error
