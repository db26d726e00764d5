"""The files of the pages: committed as they are sent (`make styles`), with a hash of their content in the name.

The gateway sends them, compressed already, to be kept by the browser for good.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FILES = Path(__file__).parents[1] / "files"
ROOT = "/assets"
_HASHED = re.compile(r"(?P<stem>.+)-[0-9a-f]{12}(?P<suffix>\.[a-z0-9]+)")


@cache
def _names() -> dict[str, str]:
    found = (_HASHED.fullmatch(path.name) for path in FILES.iterdir())
    return {f"{each['stem']}{each['suffix']}": each[0] for each in found if each is not None}


def asset(name: str) -> str:
    """Return the address of a file, such as `portal.css`. Raises KeyError for one that there is not."""
    return f"{ROOT}/{_names()[name]}"
