"""What the use cases need: the stores' promises, and everything else that comes from outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from applications.domain.agreement import Agreement, Signer
from applications.domain.application import Application, State
from applications.domain.catalogue import Catalogue, Published
from applications.domain.decided import Decided
from applications.domain.hands import Hand
from applications.domain.issued import Issued
from applications.domain.people import Guardianship, Holdings, Resident
from applications.domain.published_item import PublishedItem
from applications.domain.record import Aggregate
from applications.domain.review_switch import ReviewSwitch
from applications.domain.scans import HandedIn
from applications.domain.statistics import Criterion, ItemFigures, ProofFigures, Rehearsed
from applications.domain.uploads import ResumableUpload
from messaging.event import Change
from runtime.blind_index import BlindIndex
from runtime.clock import Clock
from runtime.erasing import Erases
from runtime.presences import Presences
from runtime.scans.cleaner import Cleans
from runtime.scans.files import Files
from runtime.server_sent_events import Watch
from runtime.turns import Turns
from standards.working_days import Calendar

AggregateT = TypeVar("AggregateT", bound=Aggregate)


class Keeps(Protocol[AggregateT]):
    """A collection of aggregates."""

    async def get(self, id: str) -> AggregateT | None:
        """Read one by its id."""

    def save(self, document: AggregateT) -> Change:
        """Prepare a write of it."""


class Residents(Keeps[Resident], Protocol):
    """People, as identity tells of them."""

    async def id_with_index(self, index: str) -> str | None:
        """Return the id of the one with this blind index."""


class Applications(Keeps[Application], Protocol):
    """Applications."""

    async def of_applicant(
        self, resident_id: str, *, before: str | None, limit: int, state: State | None, item: str | None
    ) -> list[Application]:
        """Read a resident's own, newest first, those before an id."""

    async def concerning(self, resident_id: str) -> list[Application]:
        """Read every application that somebody made, that is for them, or that names them as second party."""

    async def to_confirm(self, index: str, *, before: str | None, limit: int) -> list[Application]:
        """Read those that wait for the confirmation of whoever has this blind index, newest first."""

    async def unconfirmed_since(self, before: datetime, *, limit: int) -> list[Application]:
        """Read those submitted before a time that still wait for a second party."""

    async def with_inquiry_digest(self, digest: str) -> Application | None:
        """Read the one with the code of this digest."""

    def if_open(self, id: str) -> Change:
        """Prepare that a commit is refused when the application has ended by then, or is gone."""


class Agreements(Keeps[Agreement], Protocol):
    """What applicants and second parties agreed on."""

    async def signed_by(self, resident_id: str) -> list[Agreement]:
        """Read those that a resident has signed, for themselves or as a guardian."""


class Hands(Keeps[Hand], Protocol):
    """Who has which task in hand."""

    async def of_application(self, application_id: str) -> list[Hand]:
        """Read those of an application."""


class Decisions(Keeps[Decided], Protocol):
    """Decided applications."""

    async def rehearsed(self, document_type: str, since: datetime) -> Rehearsed:
        """Count the decisions that a document type had a part in, and what people did there."""

    async def proven_by_people(
        self, document_type: str, since: datetime, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Decided]:
        """Read the approvals for which people had to prove this document, latest first."""

    async def latest(
        self, *, since: datetime, before: tuple[datetime, str], limit: int, published: Published
    ) -> list[Decided]:
        """Read those that are published, latest decision first, those since a moment and before a moment and id."""

    async def item_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ItemFigures]:
        """Count what was decided, by item."""

    async def published_figures(
        self, published: Published, *, since: datetime, until: datetime, rated_before: datetime
    ) -> list[ItemFigures]:
        """Count the decisions that are published, by item, and what was said of them before a moment."""

    async def proof_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ProofFigures]:
        """Count what proved it, by document type and source."""


class ReviewSwitches(Keeps[ReviewSwitch], Protocol):
    """Which document types nobody reviews for the time being."""

    async def automatic(self) -> frozenset[str]:
        """Return their codes."""


class Credentials(Keeps[Issued], Protocol):
    """Credentials of types that items grant."""

    async def of_application(self, application_id: str) -> Issued | None:
        """Read the one that was granted for an application."""


class PublishedItems(Keeps[PublishedItem], Protocol):
    """What was last published of each item."""

    async def everything(self) -> list[PublishedItem]:
        """Read all of them."""


class Uploads(Keeps[ResumableUpload], Protocol):
    """Scans that come piece by piece."""

    async def unfinished(self, application_id: str) -> list[ResumableUpload]:
        """Read those of an application that have not become a scan, the oldest first."""

    def remove(self, document: ResumableUpload) -> Change:
        """Prepare the removal of one."""


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything that the use cases need."""

    catalogue: Catalogue
    criterion: Criterion
    review_switches: ReviewSwitches
    calendar: Calendar
    residents: Residents
    guardianships: Keeps[Guardianship]
    presences: Presences
    holdings: Keeps[Holdings]
    applications: Applications
    agreements: Agreements
    signer: Signer
    handed_in: Keeps[HandedIn]
    hands: Hands
    progress: Watch
    decisions: Decisions
    credentials: Credentials
    published_items: PublishedItems
    files: Files
    uploads: Uploads
    pieces: Files
    whole_uploads: Turns
    """For putting pieces together: each takes the memory of a whole scan."""
    cleaner: Cleans
    numbers: BlindIndex
    clock: Clock
    eraser: Erases
