"""The composition root: settings, catalogue, stores, routes and periodic work, put together once."""

from __future__ import annotations

from fastapi import FastAPI

from applications import routes, subscriptions
from applications.config import Settings
from applications.domain.agreement import AgreementSigner
from applications.domain.people import Guardianship
from applications.handlers import catalogue, confirmations, scans, uploads
from applications.handlers.dependencies import Deps
from applications.store import documents
from applications.store.cascades import CASCADES
from applications.store.catalogue_files import read_catalogue, read_criterion
from applications.store.decisions import DecisionStore
from applications.store.files import GridPieces, ScanFiles
from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from runtime import holidays
from runtime.clock import utc_now
from runtime.json_signatures import SigningKeys
from scans.sanitiser import Sanitiser
from standards.working_days import Calendar
from store.repository import Database
from web import service
from web.periodic import Periodic
from web.reviewers import Reviewers
from web.server_sent_events import Watch
from web.signed_requests import SignedRequests
from web.turns import Turns

NAME = "applications"
AN_HOUR = 3600.0


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a data file or a key has an error."""
    settings = settings or Settings()
    items = read_catalogue(settings.catalogue)
    criterion = read_criterion(settings.catalogue)
    calendar = Calendar.load()
    reviewers = Reviewers.read(settings.reviewers)
    numbers = settings.blind_index()
    sanitiser = Sanitiser(without_sandbox=settings.clean_without_sandbox)
    signer = AgreementSigner(settings.public_url, SigningKeys.from_file(settings.keys / "agreement.key"))

    async def build(database: Database, _: Settings) -> Deps:
        holidays.watch(calendar, NAME, utc_now())
        guardianships = documents.guardianships(database)

        async def acts_for(one: str, other: str) -> bool:
            known = await guardianships.get(Guardianship.between(one, other))
            return known is not None and known.active

        signed_requests = SignedRequests.of(settings, database)
        return Deps(
            catalogue=items,
            criterion=criterion,
            review_switches=documents.ReviewSwitchStore(database),
            calendar=calendar,
            residents=documents.ResidentStore(database),
            guardianships=guardianships,
            presences=documents.presences(database),
            holdings=documents.holdings(database),
            applications=documents.ApplicationStore(database),
            agreements=documents.AgreementStore(database),
            signer=signer,
            handed_in=documents.handed_in(database),
            hands=documents.HandStore(database),
            progress=Watch(documents.ProgressStore(database).states),
            decisions=DecisionStore(database),
            credentials=documents.CredentialStore(database),
            published_items=documents.PublishedItemStore(database),
            files=ScanFiles(database),
            uploads=documents.UploadStore(database),
            pieces=GridPieces(database),
            whole_uploads=Turns(uploads.TURNS),
            sanitiser=sanitiser,
            numbers=numbers,
            reviewers=reviewers,
            signed_requests=signed_requests,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, documents.held, CASCADES, "applications", acts_for=acts_for),
            own_requests=OwnRequests(signed_requests, acts_for),
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=routes.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=documents.INDEXES,
        cascades=CASCADES,
        background=lambda _runtime, _deps: (sanitiser,),
        parts={"scans": sanitiser.may_sanitise},
        periodic=(
            Periodic("publish-items", every=AN_HOUR, work=catalogue.publish_items),
            Periodic("give-up-waiting", every=AN_HOUR, work=confirmations.give_up_waiting),
            Periodic("sweep-scans", every=AN_HOUR, work=scans.sweep),
            Periodic("sweep-pieces", every=AN_HOUR, work=uploads.sweep),
        ),
    )
