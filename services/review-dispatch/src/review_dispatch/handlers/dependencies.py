"""What the use cases need: the stores as they see them, the district, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from review_dispatch.domain.case import Case
from review_dispatch.domain.routes import District
from review_dispatch.store import TaskStore, WaitingCount
from runtime.clock import Clock
from scans.files import OwnedFiles
from scans.sanitiser import Sanitiser
from store.repository import Repository
from web.server_sent_events import Watch


@dataclass(frozen=True, slots=True)
class Deps:
    """What every use case is given."""

    tasks: TaskStore
    cases: Repository[Case]
    waiting: WaitingCount
    district: District
    clock: Clock
    eraser: Eraser
    own_requests: OwnRequests
    watch: Watch
    photographs: OwnedFiles
    sanitiser: Sanitiser
