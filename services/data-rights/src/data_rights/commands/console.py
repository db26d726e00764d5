"""How the commands speak to whoever typed them."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import console
from runtime.texts import Texts


@dataclass(slots=True)
class RecordConsole(console.Console):
    """Tells what is going on."""

    texts = Texts.of("data_rights")
