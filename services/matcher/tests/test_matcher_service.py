"""The whole service over a real broker and a real store."""

from __future__ import annotations

import asyncio
import io
import secrets

from matcher.commands import trail, workplace
from matcher.commands.console import MatcherConsole
from matcher.commands.rebuild_projection import Rebuild
from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.store import EvidenceStore
from services.matcher.tests.outside import FLAT, RESIDENT, Outside
from store.repository import Database
from testkit.patience import eventually


async def test_a_document_is_proven_first_by_the_store_and_later_by_the_mirror(outside: Outside) -> None:
    await outside.registers()
    account = {"name": "李育成", "account_number": "6222 0001"}
    await outside.stores("bank-account", account)
    changed = await outside.hears_of_holdings("id-card", "bank-account")
    assert (changed["resident_id"], changed["holder_index"]) == (RESIDENT, outside.index)

    await outside.submits("bank-account", claims={"name": "李育成"}, requirement="account")
    answer = await outside.hears("match-succeeded", requirement="account")
    assert (answer["source"], answer["evidence_id"]) == ("district-store", "cred-bank-account")
    outside.heard.clear()
    await outside.holds("bank-account", account)
    assert len((await outside.hears_of_holdings("id-card", "bank-account"))["holdings"]) == 3
    await outside.submits("bank-account", claims={"name": "李育成"}, requirement="account again")
    answer = await outside.hears("match-succeeded", requirement="account again")
    assert answer["source"] == "city-mirror"
    assert "yizheng_matches_total" in (await outside.calls("GET", "/metrics")).text


async def test_a_withdrawn_record_is_told_from_one_that_never_was(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("property-certificate", {"owner_name": "李育成", "address": FLAT})
    await outside.hears_of_holdings("id-card", "property-certificate")
    claims = {"owner_name": "李育成", "address": "民治街道幸福花园三棟502", "tenant_name": "李育成"}
    await outside.submits("property-certificate", claims=claims, requirement="before")
    assert (await outside.hears("match-succeeded", requirement="before"))["source"] == "city-mirror"

    gone = {"record_id": "sz-property-certificate", "document_type": "property-certificate", "sequence": 9}
    outside.heard.clear()
    await outside.publishes("city.city-record-withdrawn.v1", holder_index=outside.index, **gone)
    await outside.hears_of_holdings("id-card")
    await outside.submits("rental-contract-record", "property-certificate", claims=claims, requirement="after")
    answer = await outside.hears("match-failed", requirement="after")
    assert answer["document_type"] == "property-certificate"
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("revoked", "record-revoked")}
    await outside.submits("household-register", claims={"holder_name": "李育成"}, requirement="never")
    answer = await outside.hears("match-failed", requirement="never")
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("missing", "no-record")}


async def test_an_application_that_overtakes_the_registration_waits_for_it(outside: Outside) -> None:
    await outside.submits("id-card", claims={"name": "李育成", "birth_date": "1990-01-01"}, requirement="early")
    await outside.submits("id-card", claims={"name": "李育成", "birth_date": "1990-01-10"}, requirement="early too")
    await outside.registers()
    assert (await outside.hears("match-succeeded", requirement="early"))["document_type"] == "id-card"
    assert (await outside.hears("match-failed", requirement="early too"))["fields"][2]["reason"] == "date-differs"


async def test_a_document_of_somebody_who_is_not_registered_yet_holds_up_no_other(outside: Outside) -> None:
    card = {"name": "李育成", "birth_date": "1990-01-01"}
    other = {"resident_id": "res_2", "index": "7e" * 32}
    await outside.registers()
    await outside.hears_of_holdings("id-card")
    await outside.submits_together(
        outside.document("portrait-photo", claims={}, holder=other, requirement="landlord"),
        outside.document("id-card", claims=card, requirement="tenant"),
    )
    assert (await outside.hears("match-succeeded", requirement="tenant"))["document_type"] == "id-card"
    assert [e["type"] for e in outside.heard if e["type"].startswith("matcher.match-failed")] == []
    await outside.publishes("identity.id-registered.v1", resident_id="res_2", holder_index=other["index"])
    assert (await outside.hears("match-failed", requirement="landlord"))["holder"] == other


async def test_a_suspended_persons_card_proves_nothing_until_reinstated(outside: Outside) -> None:
    await outside.registers()
    await outside.hears_of_holdings("id-card")
    person = {"resident_id": RESIDENT, "holder_index": outside.index}
    await outside.publishes("identity.id-suspended.v1", **person, sequence=2)
    await outside.hears_of_holdings()
    card = {"name": "李育成", "birth_date": "1990-01-01"}
    await outside.submits("id-card", claims=card, requirement="suspended")
    answer = await outside.hears("match-failed", requirement="suspended")
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("revoked", "person-suspended")}
    outside.heard.clear()
    await outside.publishes("identity.id-reinstated.v1", **person, sequence=3)
    await outside.hears_of_holdings("id-card")
    await outside.submits("id-card", claims=card, requirement="reinstated")
    await outside.hears("match-succeeded", requirement="reinstated")


async def test_the_projection_is_rebuilt_while_the_service_learns(
    outside: Outside, settings: Settings, database: Database
) -> None:
    """Half of the events come before the rebuild, half while it is under way; in between the evidence is damaged."""
    holders = [secrets.token_hex(32) for _ in range(8)]
    evidence = EvidenceStore(database)

    async def tell(sequences: range) -> None:
        for sequence in sequences:
            for index in holders:
                holder = {"resident_id": None, "index": index}
                await outside.stores("bank-account", {"n": sequence}, holder=holder, sequence=sequence)

    async def at(sequence: int) -> bool | None:
        known = await evidence.many(holders)
        return True if [_sequences(known.get(index)) for index in holders] == [[sequence]] * len(holders) else None

    await tell(range(1, 6))
    await eventually(lambda: at(5))
    known = await evidence.many(holders)
    await evidence.save_many([each.with_records([]) for each in known.values()])

    async with workplace.opened(settings) as work, trail.opened(settings.amqp_url, "matcher.trail") as opened:
        await asyncio.gather(Rebuild(work, opened, MatcherConsole("en", io.StringIO())).run(), tell(range(6, 21)))
    await eventually(lambda: at(20))
    for each in (await evidence.many(holders)).values():
        assert [record.content.fields for record in each.records if record.content] == [{"n": 20}]


def _sequences(evidence: Evidence | None) -> list[int]:
    return [record.sequence for record in evidence.records] if evidence else []
