"""What the routes have in common: who calls, whose record it is, what the handlers need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from data_rights.handlers.needs import Deps
from runtime import web
from runtime.access import Principal, Role, allow

DepsOf = Annotated[Deps, Depends(web.deps)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
AccessId = Annotated[str, Path(max_length=80, examples=["acc_18c0ffee1a2b3c4d-5e6f7a8b9c0d_11aa22bb"])]
DisputeId = Annotated[str, Path(max_length=80, examples=["dis_18c0ffee1a2b3c4d-5e6f7a8b9c0d_11aa22bb"])]
Whose = Annotated[str | None, Query(max_length=60, description="Whose record: a ward's; by default the caller's own")]
