"""Puts the credential store together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from credential_store import api, consumers, store, web
from credential_store.config import Settings
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.grants import Grants
from credential_store.domain.signed import TYP, Issuer
from credential_store.domain.verdict import Trusted
from credential_store.handlers.expiry import expire
from credential_store.handlers.hand_overs import sweep_arrivals
from credential_store.handlers.needs import Deps
from credential_store.handlers.taking import take_in
from runtime import service
from runtime.batches import Batches
from runtime.clock import utc_now
from runtime.data_files import load
from runtime.erasing import Eraser
from runtime.kernel import Database, Kernel
from runtime.records.persons import Opener
from runtime.service import Background, Periodic
from runtime.signing import PublicKeys, SigningKeys

NAME = "credential-store"
_SWEEP_EVERY = 3600.0
_HEARD = {subscription.pattern: subscription for subscription in consumers.SUBSCRIPTIONS}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service. Raises DataFileError when the document types or the signing keys can't be used."""
    chosen = settings or Settings()
    types = load(chosen.document_types, DocumentTypes)
    grants = load(chosen.grants, Grants)
    issuer = Issuer(chosen.public_url, SigningKeys.from_file(chosen.keys / "credential.key"))
    agreements = PublicKeys.from_file(chosen.keys / "agreement.pub")
    trusted = Trusted(issuer.keys.public, agreements, {chosen.public_url, *chosen.former_urls})
    decoy = issuer.keys.sign({"padding": "0" * 1200}, TYP)

    async def build(database: Database, settings: Settings) -> Deps:
        credentials = store.credentials_in(database)
        return Deps(
            credentials=credentials,
            holdings=store.holdings_in(database, credentials),
            signed=store.signed_in(database),
            places=store.PlaceDocuments(database),
            issuer=issuer,
            trusted=trusted,
            decoy=decoy,
            listed={},
            guardianships=store.guardianships_in(database),
            submissions=store.submissions_in(database),
            proofs=store.proofs_in(database),
            hand_overs=store.HandOverDocuments(database),
            files=store.GridFiles(database),
            types=types,
            grants=grants,
            opener=Opener.from_folder(settings.keys, settings.blind_index()),
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, store.held),
        )

    return service.create_app(
        name=NAME,
        settings=chosen,
        router=api.router,
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        belongings=store.BELONGINGS,
        periodic=(
            Periodic("expire-credentials", every=chosen.expire_every, work=expire),
            Periodic("sweep-arrivals", every=_SWEEP_EVERY, work=sweep_arrivals),
        ),
        background=_take_hand_overs,
        pages=web.pages,
    )


def _take_hand_overs(kernel: Kernel, deps: Deps) -> Sequence[Background]:
    ends = kernel.topology.ends.get("*.department-record-published.v1")
    return (Batches("hand-overs", kernel, partial(take_in, deps, _HEARD, ends=ends)),)
