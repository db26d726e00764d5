"""The composition root: settings, catalogue, stores, routes and periodic work, put together once."""

from __future__ import annotations

from fastapi import FastAPI

from applications import consumers, routes
from applications.config import Settings
from applications.domain.agreement import Signer
from applications.handlers import catalogue, confirming, scans, uploads
from applications.handlers.needs import Deps
from applications.store import documents
from applications.store.belongings import BELONGINGS
from applications.store.catalogue_files import read_catalogue, read_criterion
from applications.store.decisions import DecisionStore
from applications.store.files import GridFiles, GridPieces
from runtime import holidays, service
from runtime.clock import utc_now
from runtime.erasing import Eraser
from runtime.kernel import Database
from runtime.scans.cleaner import Cleaner
from runtime.server_sent_events import Watch
from runtime.service import Periodic
from runtime.signing import SigningKeys
from runtime.turns import Turns
from standards.working_days import Calendar

NAME = "applications"
AN_HOUR = 3600.0


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a data file or a key has an error."""
    settings = settings or Settings()
    items = read_catalogue(settings.catalogue)
    criterion = read_criterion(settings.catalogue)
    calendar = Calendar.load()
    numbers = settings.blind_index()
    cleaner = Cleaner(without_sandbox=settings.clean_without_sandbox)
    signer = Signer(settings.public_url, SigningKeys.from_file(settings.keys / "agreement.key"))

    async def build(database: Database, _: Settings) -> Deps:
        holidays.watch(calendar, NAME, utc_now())
        return Deps(
            catalogue=items,
            criterion=criterion,
            review_switches=documents.ReviewSwitchStore(database),
            calendar=calendar,
            residents=documents.ResidentStore(database),
            guardianships=documents.guardianships(database),
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
            files=GridFiles(database),
            uploads=documents.UploadStore(database),
            pieces=GridPieces(database),
            whole_uploads=Turns(uploads.TURNS),
            cleaner=cleaner,
            numbers=numbers,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, documents.held, BELONGINGS, cases="applications"),
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=routes.router,
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=documents.INDEXES,
        belongings=BELONGINGS,
        background=lambda _kernel, _deps: (cleaner,),
        parts={"scans": cleaner.may_clean},
        periodic=(
            Periodic("publish-items", every=AN_HOUR, work=catalogue.publish_items),
            Periodic("give-up-waiting", every=AN_HOUR, work=confirming.give_up_waiting),
            Periodic("sweep-scans", every=AN_HOUR, work=scans.sweep),
            Periodic("sweep-pieces", every=AN_HOUR, work=uploads.sweep),
        ),
    )
