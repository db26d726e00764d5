"""Puts the credential store together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from credential_store import api, store, subscriptions, web
from credential_store.config import Settings
from credential_store.domain.grants import Grants
from credential_store.domain.identifiers import CredentialIds
from credential_store.domain.signed import TYP, Issuer
from credential_store.domain.verdict import Trusted
from credential_store.handlers.bulk_import import take_in
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.expiry import expire
from credential_store.handlers.hand_overs import sweep_arrivals
from credential_store.store.district_files import read_types
from privacy.erasure import Eraser
from privacy.guardianships import Guardianships
from privacy.own_requests import OwnRequests
from records.persons import Opener
from runtime.clock import utc_now
from runtime.data_files import load
from runtime.json_signatures import PublicKeys, SigningKeys
from store.repository import Database
from web import service
from web.batches import Batches
from web.periodic import Periodic
from web.reviewers import Reviewers
from web.service import Background
from web.service_runtime import ServiceRuntime
from web.signed_requests import SignedRequests

NAME = "credential-store"
_SWEEP_EVERY = 3600.0
_HEARD = {subscription.pattern: subscription for subscription in subscriptions.SUBSCRIPTIONS}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service. Raises DataFileError when the document types or the signing keys can't be used."""
    chosen = settings or Settings()
    types = read_types(chosen.authorities)
    grants = load(chosen.grants, Grants)
    reviewers = Reviewers.read(chosen.reviewers)
    issuer = Issuer(chosen.public_url, SigningKeys.from_file(chosen.keys / "credential.key"))
    agreements = PublicKeys.from_file(chosen.keys / "agreement.pub")
    trusted = Trusted(issuer.keys.public, agreements, {chosen.public_url, *chosen.former_urls})
    decoy = issuer.keys.sign({"padding": "0" * 1200}, TYP)

    async def build(database: Database, settings: Settings) -> Deps:
        credentials = store.credentials_in(database)
        guardianships = Guardianships.of(database)
        signed_requests = SignedRequests.of(settings, database)
        return Deps(
            credentials=credentials,
            holdings=store.holdings_in(database, credentials),
            signed=store.signed_in(database),
            places=store.PlaceDocuments(database),
            issuer=issuer,
            trusted=trusted,
            decoy=decoy,
            listed={},
            guardianships=guardianships,
            submissions=store.submissions_in(database),
            proofs=store.proofs_in(database),
            hand_overs=store.HandOverDocuments(database),
            files=store.HandOverFiles(database),
            types=types,
            grants=grants,
            reviewers=reviewers,
            signed_requests=signed_requests,
            opener=Opener.from_folder(settings.keys, settings.blind_index()),
            ids=CredentialIds(database.vault.digest),
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, store.held, acts_for=guardianships.acts_for),
            own_requests=OwnRequests(signed_requests, guardianships.acts_for),
        )

    return service.create_app(
        name=NAME,
        settings=chosen,
        router=api.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        cascades=store.CASCADES,
        periodic=(
            Periodic("expire-credentials", every=chosen.expire_every, work=expire),
            Periodic("sweep-arrivals", every=_SWEEP_EVERY, work=sweep_arrivals),
        ),
        background=_take_hand_overs,
        pages=web.pages,
    )


def _take_hand_overs(runtime: ServiceRuntime, deps: Deps) -> Sequence[Background]:
    ends = runtime.topology.ends.get("*.department-record-published.v1")
    return (Batches("hand-overs", runtime, partial(take_in, deps, _HEARD, ends=ends)),)
