"""What is said of one document at the same moment, over the real broker and store: one valid credential comes of it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from credential_store.config import Settings
from runtime.clock import utc_now
from store.repository import Database
from test_credential_service import Outside, running
from testkit.patience import eventually
from testkit.vaults import whole

PEOPLE = [f"{person:064x}" for person in range(12)]
PUBLISHED = PEOPLE[:6]
FLAT = {"tenant_name": "李育成", "address": "梅龙路12号3栋501"}
NUMBERED = {**FLAT, "record_number": "LH-2026-1"}
WRITTEN_OTHERWISE = {**FLAT, "address": "梅龙路拾贰号叁栋五〇一"}


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


async def _is_approved(outside: Outside, person: str, number: int, fields: dict[str, str]) -> None:
    await outside.publishes(
        "review-dispatch.review-approved.v2",
        case=f"app_{person}_{number}",
        task_id=f"task_{person}_{number}",
        application_id=f"app_{person}_{number}",
        holder={"resident_id": f"res_{person[-2:]}", "index": person},
        document_type="rental-contract-record",
        fields=fields,
        stated_until="2027-08-31",
        approvals=[{"reviewer": "housing-3", "approved_at": utc_now().isoformat(), "note": None}],
    )


async def _is_published(outside: Outside, person: str) -> None:
    await outside.publishes(
        "department.department-record-published.v1",
        "housing",
        case=person,
        department="housing",
        record_id="h-1",
        document_type="rental-contract-record",
        holder_index=person,
        fields=NUMBERED | {"term_from": "2026-09-01", "term_to": "2027-08-31"},
        valid_from=None,
        valid_until=None,
        sequence=1,
    )


async def test_two_words_about_one_document_at_once_are_one_valid_credential_or_a_question(
    settings: Settings, database: Database
) -> None:
    """Half of the people have a tenancy that is approved and published, half one that is approved in two writings."""
    async with running(settings) as outside:
        told = (
            (_is_approved(outside, person, 1, NUMBERED), _is_published(outside, person))
            if person in PUBLISHED
            else (_is_approved(outside, person, 1, FLAT), _is_approved(outside, person, 2, WRITTEN_OTHERWISE))
            for person in PEOPLE
        )
        await asyncio.gather(*(each for pair in told for each in pair))

        heard = 3 * len(PUBLISHED) + 4 * (len(PEOPLE) - len(PUBLISHED))  # what is approved failed to match before

        async def all_handled() -> bool | None:
            return await database["inbox"].count_documents({}) == heard or None

        await eventually(all_handled)
        await database.vault.prepare()
        stored = [each["holder"]["index"] for each in await whole(database, "credentials") if each["status"] == "01"]
        valid = Counter(map(database.vault.decrypt_index, stored))
        assert valid == Counter(PEOPLE)
        for _ in PEOPLE[len(PUBLISHED) :]:
            asked = await outside.hears("duplicate-suspected")
            assert asked["holder"]["index"] not in PUBLISHED
            assert asked["credential_id"] is None
