"""How a service's commands speak to the operator: in their language, on stderr, progress in one line on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TextIO

from runtime.texts import Language, Texts

_EVERY_ON_A_TERMINAL = 0.2
_EVERY_ELSEWHERE = 5.0


def language_of(environment: Mapping[str, str]) -> Language:
    """Take `YIZHENG_LANG`, else `LANG`, else Chinese; a neutral locale such as C.UTF-8 says nothing."""
    for name in ("YIZHENG_LANG", "LANG"):
        value = environment.get(name, "").lower()
        if value.startswith("en"):
            return "en"
        if value.startswith("zh"):
            return "zh-CN"
    return "zh-CN"


@dataclass(slots=True)
class Console:
    """Tells the operator what is going on. A service's own has its `texts`, the commands' under `commands.`."""

    texts: ClassVar[Texts]
    language: Language = field(default_factory=lambda: language_of(os.environ))
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _told_at: float = 0.0
    _line_is_open: bool = False

    def text(self, key: str, **params: object) -> str:
        return self.texts.say(self.language, f"commands.{key}", **params)

    def say(self, key: str, **params: object) -> None:
        self._close_line()
        print(self.text(key, **params), file=self.stream, flush=True)

    def progress(self, key: str, **params: object) -> None:
        """Show how far it has come; on a terminal in place, elsewhere as a line now and then."""
        terminal = self.stream.isatty()
        now = time.monotonic()
        if now - self._told_at < (_EVERY_ON_A_TERMINAL if terminal else _EVERY_ELSEWHERE):
            return
        self._told_at = now
        if terminal:
            print(f"\r\x1b[K{self.text(key, **params)}", end="", file=self.stream, flush=True)
            self._line_is_open = True
        else:
            print(self.text(key, **params), file=self.stream, flush=True)

    def _close_line(self) -> None:
        if self._line_is_open:
            print(file=self.stream)
            self._line_is_open = False
