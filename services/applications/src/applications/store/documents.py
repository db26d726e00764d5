"""The collections, and the queries that are more than a look-up by id."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import IndexModel, UpdateOne

from applications.domain.agreement import Agreement
from applications.domain.application import FINAL, Application, State
from applications.domain.issued import Issued
from applications.domain.people import Guardianship, KnownResident, ResidentHoldings
from applications.domain.published_item import PublishedItem
from applications.domain.review_switch import ReviewSwitch
from applications.domain.scans import HandedIn
from applications.domain.task_claims import TaskClaim
from applications.domain.uploads import ResumableUpload
from applications.store import decisions
from applications.store.files import BUCKET, PIECES
from privacy.erasure import Held
from privacy.holders import Holder
from scans import files
from store.commit import GONE
from store.repository import Database, Repository, Write
from web.presences import KnownPresence

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "residents": [IndexModel("index")],
    "guardianships": [],
    "holdings": [],
    "presences": [],
    "handed_in": [],
    "applications": [
        IndexModel([("applicant_id", 1), ("_id", -1)]),
        IndexModel([("second_party_index", 1), ("_id", -1)]),
        IndexModel("second_party_id"),
        IndexModel("subject_id"),
        IndexModel("inquiry_digest", sparse=True),
    ],
    "agreements": [IndexModel("signers")],
    GONE: [],
    "decisions": [
        IndexModel([("decided_at", -1), ("_id", -1)]),
        IndexModel([("item", 1), ("decided_at", -1), ("_id", -1)]),
    ],
    "hands": [IndexModel("application_id")],
    "credentials": [IndexModel("application_id")],
    "published_items": [],
    "review_switches": [],
    "uploads": [IndexModel("application_id"), IndexModel("resident_id")],
    **files.indexes(BUCKET),
    **files.indexes(PIECES),
}

SEALED: Mapping[str, Sequence[str]] = {
    "residents": ("name", "sex", "birth_date", "first_birth_date", "address"),
    "holdings": ("holdings.says",),
    "applications": (
        *("applicant", "subject", "second_party", "form", "submitted_form", "scans.sha256", "confirmed_form"),
        *(
            "declined",
            "asked.claims_digest",
            "asked.match.fields",
            "asked.review.field",
            "asked.review.fields",
            "asked.review.text",
            "asked.review.texts",
        ),
        *(
            "granted.fields",
            "check.text",
            "check.texts",
            "check.visit",
            "ruling.text",
            "ruling.texts",
            "history.fields",
            "history.text",
            "history.texts",
            "inquiry_code",
            "history.slots",
        ),
    ),
    "agreements": ("current", "earlier"),
    "handed_in": ("kept",),
    "uploads": ("name", "sha256"),
    "decisions": decisions.SEALED,
}
"""What describes people and what they handed in: encrypted in the store."""

ENCRYPTED: Mapping[str, Sequence[str]] = {"residents": ("index",), "applications": ("second_party_index",)}
"""Where blind indexes stand: encrypted in the store, the same always to the same."""

Filter = dict[str, Any]


class ResidentStore(Repository[KnownResident]):
    """People, as identity tells of them."""

    def __init__(self, database: Database) -> None:
        super().__init__(
            database, "residents", KnownResident, sealed=SEALED["residents"], indexes=ENCRYPTED["residents"]
        )

    async def id_with_index(self, index: str) -> str | None:
        """Return the id of the one with this blind index; what is sealed of that person is not opened."""
        found: list[str] = await self.values({"index": index}, "_id")
        return found[0] if found else None


class ApplicationStore(Repository[Application]):
    """Applications; their ids sort by the time of their making."""

    def __init__(self, database: Database) -> None:
        super().__init__(
            database, "applications", Application, sealed=SEALED["applications"], indexes=ENCRYPTED["applications"]
        )

    async def of_applicant(
        self, resident_id: str, *, before: str | None, limit: int, state: State | None, item: str | None
    ) -> list[Application]:
        """Read a resident's own, newest first."""
        wanted: Filter = {"applicant_id": resident_id, "state": state, "item": item}
        given = {name: value for name, value in wanted.items() if value is not None}
        return await self.find({**given, **_before(before)}, sort=[("_id", -1)], limit=limit)

    async def concerning(self, resident_id: str) -> list[Application]:
        """Read every application that somebody made, that is for them, or that names them as second party."""
        places = ("applicant_id", "subject_id", "second_party_id")
        found = [each for place in places for each in await self.find({place: resident_id})]
        return sorted({each.id: each for each in found}.values(), key=lambda each: each.id)

    async def to_confirm(self, index: str, *, before: str | None, limit: int) -> list[Application]:
        """Read those that wait for the confirmation of whoever has this blind index, newest first."""
        waiting: Filter = {"second_party_index": index, "state": "in-progress", "confirmed_at": None}
        return await self.find({**waiting, **_before(before)}, sort=[("_id", -1)], limit=limit)

    async def unconfirmed_since(self, before: datetime, *, limit: int) -> list[Application]:
        """Read those submitted before a time that still wait for a second party."""
        waiting: Filter = {"second_party_index": {"$ne": None}, "state": "in-progress", "confirmed_at": None}
        return await self.find({**waiting, "submitted_at": {"$lt": before}}, limit=limit)

    async def with_inquiry_digest(self, digest: str) -> Application | None:
        """Read the one with the code of this digest."""
        found = await self.find({"inquiry_digest": digest}, limit=1)
        return found[0] if found else None

    def if_open(self, id: str) -> Write:
        """Prepare that a commit is refused when the application has ended by then, or is gone.

        The mark that it leaves stands in the way of whoever ends it at that moment; a write of nothing would not.
        The version stays: nothing has changed that somebody may have read.
        """
        is_open = {"_id": id, "state": {"$nin": sorted(FINAL)}}
        return Write("applications", UpdateOne(is_open, {"$inc": {"marks": 1}}), must_match=1)


class ProgressStore:
    """What tells whether somebody who follows an application would see something new: by whichever process."""

    def __init__(self, database: Database) -> None:
        self._applications = ApplicationStore(database)
        self._hands = HandStore(database)

    async def states(self, ids: Sequence[str]) -> Mapping[str, object]:
        """Return for each application the versions of all that is shown of its progress."""
        applications, hands = await asyncio.gather(
            self._applications.rows({"_id": {"$in": ids}}, "version"),
            self._hands.rows({"application_id": {"$in": ids}}, "application_id", "version"),
        )
        versions: dict[str, list[tuple[str, int]]] = {each["_id"]: [("", each["version"])] for each in applications}
        for hand in hands:
            versions.setdefault(hand["application_id"], []).append((hand["_id"], hand["version"]))
        return {id_: sorted(found) for id_, found in versions.items()}


class AgreementStore(Repository[Agreement]):
    """What applicants and second parties agreed on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "agreements", Agreement, sealed=SEALED["agreements"])

    async def signed_by(self, resident_id: str) -> list[Agreement]:
        """Read those that a resident has signed, for themselves or as a guardian, in the order of their making."""
        return await self.find({"signers": resident_id}, sort=[("_id", 1)])


class HandStore(Repository[TaskClaim]):
    """Who has which task in hand."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "hands", TaskClaim)

    async def of_application(self, application_id: str) -> list[TaskClaim]:
        return await self.find({"application_id": application_id})


class ReviewSwitchStore(Repository[ReviewSwitch]):
    """Who reviews which document type: a handful of documents, read at every submission."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "review_switches", ReviewSwitch)

    async def automatic(self) -> frozenset[str]:
        """Return the document types that nobody reviews for the time being."""
        return frozenset(await self.values({"review": "automatic"}, "_id"))


class CredentialStore(Repository[Issued]):
    """Credentials of types that items grant."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "credentials", Issued)

    async def of_application(self, application_id: str) -> Issued | None:
        """Read the one that was granted for an application."""
        found = await self.find({"application_id": application_id}, limit=1)
        return found[0] if found else None


class UploadStore(Repository[ResumableUpload]):
    """Scans that come piece by piece."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "uploads", ResumableUpload, sealed=SEALED["uploads"])

    async def unfinished(self, application_id: str) -> list[ResumableUpload]:
        """Read those of an application that have not become a scan, the oldest first."""
        return await self.find({"application_id": application_id, "scan_id": None}, sort=[("_id", 1)])


class PublishedItemStore(Repository[PublishedItem]):
    """What was last published of each item."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "published_items", PublishedItem)

    async def everything(self) -> list[PublishedItem]:
        """Read all of them."""
        return await self.find({})


def guardianships(database: Database) -> Repository[Guardianship]:
    """Open the guardianships."""
    return Repository(database, "guardianships", Guardianship)


def presences(database: Database) -> Repository[KnownPresence]:
    """Open the visits."""
    return Repository(database, "presences", KnownPresence)


def holdings(database: Database) -> Repository[ResidentHoldings]:
    """Open what government holds."""
    return Repository(database, "holdings", ResidentHoldings, sealed=SEALED["holdings"])


def handed_in(database: Database) -> Repository[HandedIn]:
    """Open what residents have handed in."""
    return Repository(database, "handed_in", HandedIn, sealed=SEALED["handed_in"])


def _before(id_: str | None) -> Filter:
    return {} if id_ is None else {"_id": {"$lt": id_}}


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found: what they applied for, what was applied for in their name."""
    id_ = holder.resident_id
    return {
        "applications": {"$or": [{"applicant_id": id_}, {"subject_id": id_}]},
        "residents": {"_id": id_},
        "holdings": {"_id": id_},
        "uploads": {"resident_id": id_},
    }
