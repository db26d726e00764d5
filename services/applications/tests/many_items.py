"""A catalogue as large as the district's, made of the items that there are."""

from __future__ import annotations

import shutil
from pathlib import Path

import applications

DATA = Path(applications.__file__).parent / "data"
ALL_ITEMS = 432


def write_many_items(folder: Path, number: int = ALL_ITEMS) -> None:
    """Write the catalogue's data into a new folder, with so many items: each is a real one under a code of its own."""
    shutil.copytree(DATA, folder)
    originals = sorted((folder / "items").glob("*.yaml"))
    for count in range(number - len(originals)):
        original = originals[count % len(originals)]
        code = f"{original.stem}-{count}"
        text = original.read_text(encoding="utf-8").replace(f"code: {original.stem}", f"code: {code}", 1)
        (folder / "items" / f"{code}.yaml").write_text(text, encoding="utf-8")
