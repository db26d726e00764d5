"""How the matcher's commands speak to the operator."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import console
from runtime.texts import Texts


@dataclass(slots=True)
class MatcherConsole(console.Console):
    """Tells the operator what is going on."""

    texts = Texts.of("matcher")
