"""What the use cases need: the record, its chain, who people are, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from data_rights.config import Settings
from data_rights.domain.correctable import Correctables
from data_rights.domain.people import Guardianship, KnownPerson
from data_rights.domain.record import Digest
from data_rights.store import (
    AccessDocuments,
    ChainDocuments,
    CorrectionDocuments,
    DisputeDocuments,
    ErasureDocuments,
    ExportDocuments,
    KnownCredentialDocuments,
)
from privacy.erasure import Eraser
from runtime.clock import Clock
from runtime.json_signatures import SigningKeys
from store.repository import Repository
from store.retention import Declared
from web.reviewers import Reviewers
from web.signed_requests import SignedRequests


@dataclass(frozen=True, slots=True)
class Deps:
    """What every use case is given.

    `exporting` and `erasing` are the services that answer a request for an export or an erasure, `terms` say how long
    what is kept and why.
    """

    people: Repository[KnownPerson]
    guardianships: Repository[Guardianship]
    accesses: AccessDocuments
    chain: ChainDocuments
    record_keys: SigningKeys
    disputes: DisputeDocuments
    corrections: CorrectionDocuments
    correctables: Correctables
    holdings: KnownCredentialDocuments
    exports: ExportDocuments
    erasures: ErasureDocuments
    exporting: tuple[str, ...]
    erasing: tuple[str, ...]
    eraser: Eraser
    terms: Declared
    settings: Settings
    digest: Digest
    reviewers: Reviewers
    signed_requests: SignedRequests
    clock: Clock
