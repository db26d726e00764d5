"""`make screens`: the README's four pictures, reduced from those that `make demo PORTAL=1` leaves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.browser.visitor import DESK, PHONE, SCREENS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screens"
FOUR = {"home": PHONE, "permit-evidence": PHONE, "who-used-my-data": PHONE, "reviewer": DESK}
"""Pictures of the day, and the window that they are cut to: what one sees before scrolling."""
MOST = 60_000
"""Bytes of a picture."""
_COLOURS = 48


def main() -> int:
    """Reduce all four; 1 when one is missing or stays too large."""
    try:
        for path in reduce(SCREENS, FOLDER):
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
    except FileNotFoundError as error:
        print(f"{error}; `make demo PORTAL=1` makes it", file=sys.stderr)
        return 1
    return 0


def reduce(screens: Path, folder: Path) -> Iterator[Path]:
    """Cut and reduce the pictures of a day. Raises FileNotFoundError for one that the day has not left."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, window in FOUR.items():
        found = sorted(screens.glob(f"[0-9][0-9]-{name}.png"))
        if not found:
            raise FileNotFoundError(f"there is no picture {name} in {screens}")
        with Image.open(found[0]) as picture:
            seen = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, window["height"])))
        path = folder / f"{name}.png"
        seen.quantize(_COLOURS).save(path, optimize=True)
        yield path


if __name__ == "__main__":
    raise SystemExit(main())
