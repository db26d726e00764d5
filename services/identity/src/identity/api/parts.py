"""What the routes have in common: the handlers' needs, ids, and the purpose of a look."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from identity.handlers.dependencies import Deps
from web import routes
from web.pages import Key

DepsOf = Annotated[Deps, Depends(routes.deps)]
ResidentId = Annotated[str, Path(max_length=60, examples=["res_5e1f3a0c9b7d42e6a81c0d93f2"])]
GuardianshipId = Annotated[str, Path(max_length=60, examples=["gua_91c2d7a04b5e6f3388d0a1b2c3"])]

Purpose = Annotated[
    str | None,
    Query(
        max_length=200,
        description="What the data is looked at for; everybody but the person concerned says it, and it is kept",
        examples=["窗口受理居住证申请"],
    ),
]


def after(cursor: Key | None) -> str | None:
    """Return the id after which a page begins."""
    return str(cursor[0]) if cursor else None


def position(cursor: Key | None) -> int:
    """Return the place in a list at which a page begins."""
    return cursor[0] if cursor and isinstance(cursor[0], int) else 0
