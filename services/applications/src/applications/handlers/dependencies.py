"""What the use cases need: the stores' promises, and everything else that comes from outside."""

from __future__ import annotations

from dataclasses import dataclass

from applications.domain.agreement import AgreementSigner
from applications.domain.catalogue import Catalogue
from applications.domain.people import Guardianship, ResidentHoldings
from applications.domain.scans import HandedIn
from applications.domain.statistics import Criterion
from applications.store.decisions import DecisionStore
from applications.store.documents import (
    AgreementStore,
    ApplicationStore,
    CredentialStore,
    HandStore,
    PublishedItemStore,
    ResidentStore,
    ReviewSwitchStore,
    UploadStore,
)
from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from runtime.clock import Clock
from scans.files import OwnedFiles
from scans.sanitiser import Sanitiser
from standards.working_days import Calendar
from store.blind_index import BlindIndex
from store.repository import Repository
from web.presences import KnownPresence
from web.reviewers import Reviewers
from web.server_sent_events import Watch
from web.signed_requests import SignedRequests
from web.turns import Turns


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything that the use cases need."""

    catalogue: Catalogue
    criterion: Criterion
    review_switches: ReviewSwitchStore
    calendar: Calendar
    residents: ResidentStore
    guardianships: Repository[Guardianship]
    presences: Repository[KnownPresence]
    holdings: Repository[ResidentHoldings]
    applications: ApplicationStore
    agreements: AgreementStore
    signer: AgreementSigner
    handed_in: Repository[HandedIn]
    hands: HandStore
    progress: Watch
    decisions: DecisionStore
    credentials: CredentialStore
    published_items: PublishedItemStore
    files: OwnedFiles
    uploads: UploadStore
    pieces: OwnedFiles
    whole_uploads: Turns
    """For putting pieces together: each takes the memory of a whole scan."""
    sanitiser: Sanitiser
    numbers: BlindIndex
    reviewers: Reviewers
    signed_requests: SignedRequests
    clock: Clock
    eraser: Eraser
    own_requests: OwnRequests
