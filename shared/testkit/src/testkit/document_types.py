"""A registry of document types with a mistake in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from standards.document_types import FOLDER


def spoilt_type(folder: Path, code: str, right: str, wrong: str) -> Path:
    """Copy the registry into `folder`, put `wrong` for the first `right` of a type, and return that type's file."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    path = folder / f"{code}.yaml"
    text = path.read_text(encoding="utf-8")
    if right not in text:
        raise LookupError(f"{path.name} does not say {right}")
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    return path
