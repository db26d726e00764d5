"""Imported first by a service's process: keeps out what libraries import only because it is installed.

structlog and httpx take `rich` and `pygments` along for terminals that a service does not have, structlog `greenlet`
for threads that it does not use. Commands of the same package that do without this module have all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

KEPT_OUT = frozenset({"rich", "pygments", "greenlet"})


class _KeptOut(MetaPathFinder):
    """Says of these packages that they are not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nothing, for the next finder to look. Raises ModuleNotFoundError for what is kept out."""
        del path, target
        if fullname in KEPT_OUT:
            raise ModuleNotFoundError(f"{fullname} is kept out of a service's process", name=fullname)
        return None


sys.meta_path.insert(0, _KeptOut())
