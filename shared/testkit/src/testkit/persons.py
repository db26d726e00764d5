"""Events from outside as their senders write them since version 2: what describes the person is encrypted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from local_stack.person_keys import ensure_person_keys
from records.person_encryption import PUBLIC_KEYS, Binding, PublicKey
from records.persons import Opener
from store.blind_index import BlindIndex

NUMBER = "440309202002290031"
"""The number of the child in the examples."""


@cache
def key_folder() -> Path:
    folder = Path(mkdtemp())
    ensure_person_keys(folder)
    return folder


def opener_of(index: BlindIndex) -> Opener:
    """Return what opens what `with_person` has encrypted by default."""
    return Opener.from_folder(key_folder(), index)


def with_person(event: Mapping[str, Any], person: Mapping[str, object], folder: Path | None = None) -> dict[str, Any]:
    """Return an event with its person's part, encrypted to the key in `folder`, or that YIZHENG_KEYS names."""
    found = folder or Path(os.environ.get("YIZHENG_KEYS", "nowhere"))
    key = PublicKey.from_file((found if (found / PUBLIC_KEYS).exists() else key_folder()) / PUBLIC_KEYS)
    data = event["data"]
    binding = Binding(event["source"], event["type"], data["record_id"])
    return {**event, "data": {**data, "person": key.encrypt(person, binding)}}
