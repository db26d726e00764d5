"""An export: everything that is held about a resident, as each service sends it, sealed to a key made for it alone.

It is kept for a week after the request; then the key and the parts are destroyed, and with the key whatever copies of
the parts there may be on the bus or in the trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from data_rights.domain.record import RightsModel

KEPT = timedelta(days=7)
ANSWERED_WITHIN = timedelta(days=1)
"""How long the services may take to answer; afterwards the resident may ask once more."""

State = Literal["gathering", "ready", "ended"]


class Arrived(RightsModel):
    """What has come from one service: which parts, of how many."""

    parts: int
    here: tuple[int, ...]


class ExportPart(RightsModel):
    """One part as it came, a JWE in compact form."""

    id: str
    version: int = 0
    export: str
    service: str
    jwe: str


class Export(RightsModel):
    """A request and how far it has come. `key` is the private JWK, None once it is destroyed.

    `is_kept` says whether it is there, for the store, which can't look at it.
    """

    id: str
    version: int = 0
    holder: str
    resident_id: str
    requested_by: str
    requested_at: datetime
    ends_at: datetime
    services: tuple[str, ...]
    arrived: Mapping[str, Arrived] = {}
    key: Mapping[str, str] | None
    is_kept: bool = True

    @property
    def missing(self) -> tuple[str, ...]:
        """The services of which something has not come yet."""
        return tuple(name for name in self.services if not self._is_whole(name))

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.key is None:
            return "ended"
        return "gathering" if self.missing else "ready"

    def is_awaited(self, now: datetime) -> bool:
        """Tell whether answers may still come, so that nothing is gained by another request."""
        return self.state == "gathering" and now < self.requested_at + ANSWERED_WITHIN

    def heard(self, service: str, part: int, parts: int) -> Export:
        """Take over that a part has come; itself when it was here, or nobody waits for it."""
        before = self.arrived.get(service, Arrived(parts=parts, here=()))
        if self.key is None or service not in self.services or part in before.here:
            return self
        now = Arrived(parts=parts, here=tuple(sorted((*before.here, part))))
        return self.model_copy(update={"arrived": {**self.arrived, service: now}})

    def ended(self) -> Export:
        """Destroy the key."""
        return self.model_copy(update={"key": None, "is_kept": False})

    def _is_whole(self, service: str) -> bool:
        arrived = self.arrived.get(service)
        return arrived is not None and len(arrived.here) == arrived.parts


def part_id(export_id: str, service: str, part: int) -> str:
    """Return the id under which a part is kept, the same however often it comes."""
    return f"{export_id}:{service}:{part:06d}"
