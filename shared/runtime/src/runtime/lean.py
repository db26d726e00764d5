"""Imported first by a service's process: keeps out what libraries import and a service does not use.

structlog and httpx take `rich` and `pygments` along for terminals that a service does not have, structlog `greenlet`
for threads that it does not use, FastAPI OpenTelemetry and pydantic's first version, uvicorn its command line. httpcore
asks for `sniffio`, which is not installed, several times for each request, and every folder of the path is searched
each time. Commands of the same package that do without this module have all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from runtime import untraced

KEPT_OUT = frozenset({"rich", "pygments", "greenlet", "sniffio", "pydantic.v1", "httpx._main"})
"""What counts as not installed: what imports it does without it then."""

UNUSED = ("uvicorn.main", "jwt.jwks_client")
"""What must be there for what imports it, and is never called: a command line; another way to fetch keys."""

LATE = frozenset(
    {
        "httpx",
        "jinja2",
        "jsonschema",
        "authlib.integrations.httpx_client",
        "authlib.integrations.base_client",
        "authlib.oidc.core",
    }
)
"""What is read with its first use: to call others, to show a page, to check an event that was edited, to sign in."""

_TELEMETRY = ("fastapi.telemetry", *(f"fastapi.telemetry.{each}" for each in ("_api", "_asgi", "_runtime")))


class _Unused(ModuleType):
    def __getattr__(self, name: str) -> None:
        """Any name is there, and nothing. Raises AttributeError for what Python itself asks for."""
        if name.startswith("__"):
            raise AttributeError(name)


class _Late(ModuleType):
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        """Read the module when the first name is asked for. LazyLoader's is read when it is imported a second time."""
        loader = self.__loader__
        if not isinstance(loader, _LateLoader):
            raise AttributeError(name)  # noqa: TRY004 - what a module without the name raises
        self.__class__ = ModuleType  # type: ignore[assignment] # it is one from now on
        loader.late.exec_module(self)
        return getattr(self, name)


class _LateLoader(Loader):
    def __init__(self, late: Loader) -> None:
        self.late = late

    def exec_module(self, module: ModuleType) -> None:
        """Leave it unread."""
        module.__class__ = _Late


class _Lean(MetaPathFinder):
    """Asked before all others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what is late, and leave the rest to others. Raises ModuleNotFoundError for what is kept out."""
        if fullname in KEPT_OUT:
            raise ModuleNotFoundError(f"{fullname} is kept out of a service's process", name=fullname)
        found = PathFinder.find_spec(fullname, path, target) if fullname in LATE else None
        if found is not None and found.loader is not None:
            found.loader = _LateLoader(found.loader)
        return found


sys.meta_path.insert(0, _Lean())
sys.modules |= dict.fromkeys(_TELEMETRY, untraced) | {name: _Unused(name) for name in UNUSED}
