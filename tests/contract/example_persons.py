"""What is encrypted in the examples: to a key that is here for everybody to read, and counts in no system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from records.person_encryption import Binding, PrivateKeys

_KEYS = PrivateKeys(Path(__file__).parent / "data" / "example-person.key")


def person_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return what an example of an event from outside says of its person."""
    binding = Binding(message["source"], message["type"], message["data"]["record_id"])
    return dict(_KEYS.decrypt(message["data"]["person"], binding))
