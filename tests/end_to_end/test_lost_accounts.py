"""What the loss of each account costs, and how it shows: each row of the table in docs/security.md, played by a thief.

The thief has the account's password on the broker, its key and, of a service, its account on the store.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping

import httpx
import orjson
import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

from bus.envelope import new_event_id
from bus.event import EditedBy
from bus.failures import NOT_SIGNED_BY_PERSON
from bus.reader import WRONG_SENDER
from bus.signatures import NOT_SIGNED, EventSigner, key_file
from bus.topology import RETRY_EXCHANGE
from local_stack.accounts import databases
from local_stack.failure import StackError
from local_stack.layout import ROOT
from local_stack.ports import PORTAL, SERVICES
from runtime.clock import utc_now
from synthetic.caller import CallerAnswer, NoAnswer
from testkit.attempts import ACCESS_REFUSED, get, publish, refused, refused_each
from testkit.signers import signed
from tests.contract.catalogue import readers
from tests.contract.published import examples, own_events, read
from tests.end_to_end.looks import record
from tests.end_to_end.redelivery import stop_waiting
from tests.end_to_end.thief import Json, counted, dead_letter, forged, put, say, waits
from tests.end_to_end.town import Town, refusal
from tests.journeys import failures, portal
from tests.journeys.waiting import until
from tests.load.forms import form_for

Deed = Callable[[Town], Awaitable[None]]

UNAUTHORIZED = 13
ELSEWHERE = {
    "review-dispatch": "tests/end_to_end/test_forgeries.py",
    "data-rights": "tests/end_to_end/test_forgeries.py",
    "a terminal": "services/identity/tests/test_identity_terminals.py",
    "the issuer's key": "shared/local-stack/tests/test_tokens.py",
}
"""Rows that other tests play."""


class _Stored(CallerAnswer):
    document_type: str
    version: int
    fields: dict[str, object]


class _OwnCredentials(CallerAnswer):
    items: tuple[_Stored, ...]


class _Step(CallerAnswer):
    what: str


class _History(CallerAnswer):
    items: tuple[_Step, ...]


class _Action(CallerAnswer):
    action: str
    by: str


class _Actions(CallerAnswer):
    items: tuple[_Action, ...]


async def of_identity(town: Town) -> None:
    """Another name on a card is believed: its holder reads it among the credentials, and nowhere else."""
    made = town.meet("senior")
    resident, id_ = await town.welcome(made), town.ids[made.head.number]
    said = {
        "resident_id": id_,
        "holder_index": town.system.index.of(made.head.number),
        "name": "无此人",
        "sequence": 50,
    }
    await say(town, forged("identity.id-updated.v1", said, correlationid=id_))
    await until(
        lambda: resident.get("/v1/credentials", _OwnCredentials),
        lambda it: [(each.version, each.fields["name"]) for each in it.items] == [(2, "无此人")],
        what="the next version of the identity card",
    )
    history = await resident.get(f"/v1/residents/{id_}/history", _History)
    assert [each.what for each in history.items] == ["registered"]


async def of_applications(town: Town) -> None:
    """A grant that nobody else knows of waits, and stores nothing."""
    event = next(each for each in map(read, examples("applications.application-approved.v1")) if each["data"]["grant"])
    event |= {"id": new_event_id(), "time": utc_now().isoformat()}
    event["data"] |= {"application_id": (case := f"app_{secrets.token_hex(13)}")}
    await say(town, event)
    await until(lambda: waits(town, "credential-store", event["id"]), bool, what="the grant waits")
    async with AsyncMongoClient[Json](town.stack.mongodb_url) as client:
        assert await client["credential-store"]["credentials"].count_documents({"application_id": case}) == 0


async def of_matcher(town: Town) -> None:
    """What nobody holds is proven by its word, decided and granted; the applicant sees it, nobody is asked."""
    made = town.meet("elder")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "senior-allowance", form_for("senior-allowance", made, town.today))
    await portal.submit(resident, application)
    await until(
        lambda: portal.see(resident, application),
        lambda it: {each.standing for each in it.documents if each.requirement != "id-card"} == {"in-review"},
        what="people are asked",
    )
    seen = await portal.see(resident, application)
    holder = {"resident_id": town.ids[made.head.number], "index": town.system.index.of(made.head.number)}
    documents: list[Json] = [
        {
            "requirement": each.requirement,
            "attempt": each.attempt,
            "document_type": each.any_of[0].code,
            "holder": holder,
            "source": "city-mirror",
            "evidence_id": "no-such-record",
            "valid_until": None,
            "fields": [],
        }
        for each in seen.documents
        if each.standing == "in-review"
    ]
    said = {"application_id": application, "item": "senior-allowance", "documents": documents}
    await say(town, forged("matcher.match-succeeded.v2", said, correlationid=application))
    minted = await until(
        lambda: portal.see(resident, application),
        lambda it: it.granted is not None and it.granted.credential is not None,
        what="a credential",
    )
    assert {each.proof.source for each in minted.documents if each.proof} >= {"city-mirror"}


async def of_credential_store(town: Town) -> None:
    """The matcher takes its word for what is held; the holder's own list of credentials knows nothing of it."""
    made = town.meet("senior")
    resident = await town.welcome(made)
    said = {
        "credential_id": f"crd_{secrets.token_hex(4)}",
        "identifier": f"1.2.156.3005.2.{secrets.token_hex(8).upper()}",
        "document_type": "household-register",
        "holder": {"resident_id": town.ids[made.head.number], "index": town.system.index.of(made.head.number)},
        "fields": {"holder_name": made.head.name, "address": made.head.address},
    }
    await say(town, forged("credential-store.credential-stored.v1", said))
    await until(
        lambda: portal.explain(resident, "senior-card"), lambda it: it.need("status") == "held", what="it is held"
    )
    own = await resident.get("/v1/credentials", _OwnCredentials)
    assert "household-register" not in {each.document_type for each in own.items}


async def of_operations(town: Town) -> None:
    """An edit in two operators' names counts for the types of the list only, and names both."""
    keys = town.stack.layout.keys
    signer = EventSigner.from_file("operations", keys / key_file("operations"))
    by = EditedBy("chen", "li")
    approval = forged("review-dispatch.review-approved.v2")
    await put(town, "operations", RETRY_EXCHANGE, "credential-store", signer.sign_edit(approval, by, utc_now()))
    assert await dead_letter(town, approval["id"]) == ("credential-store", NOT_SIGNED)
    assert await counted(town, "credential-store", rf'yizheng_messages_forged_total{{.*reason="{NOT_SIGNED}".*}}')

    item = forged("applications.item-published.v1", {"item": f"none-{secrets.token_hex(4)}"})
    await put(town, "operations", RETRY_EXCHANGE, "matcher", signer.sign_edit(item, by, utc_now()))
    await until(lambda: _handled(town, "matcher", item["id"]), bool, what="the edit is handled")


async def _handled(town: Town, service: str, event_id: str) -> bool:
    async with AsyncMongoClient[Json](town.stack.mongodb_url) as client:
        return await client[service]["inbox"].find_one({"_id": event_id}) is not None


async def of_the_portal(town: Town) -> None:
    """It has no account on the broker, and is nobody without the token of somebody who is signed in."""
    with pytest.raises(StackError, match="no broker account"):
        town.stack.account_url(PORTAL)
    async with httpx.AsyncClient(base_url=town.stack.gateway_url, verify=town.stack.trusted) as client:
        assert (await client.get("/v1/applications")).json()["code"] == "no-token"


async def of_a_department(town: Town) -> None:
    """What it does not keep is refused, told to it and counted; others' events it can't publish."""
    event = forged("department.department-record-published.v1", {"document_type": "property-certificate"})
    event |= {"type": "health.department-record-published.v1", "source": "/yizheng/health"}
    await put(town, "health", "health.messages", event["type"], signed(event, folder=town.stack.layout.keys))
    await until(
        lambda: counted(town, "credential-store", r'yizheng_messages_refused_total{.*publisher="health".*}'),
        bool,
        what="the refusal is counted",
    )
    url = town.stack.account_url("health")
    assert refused(url, publish("events", "identity.id-registered.v1")) == ACCESS_REFUSED
    assert refused(url, publish("land.messages", "land.department-record-published.v1")) == ACCESS_REFUSED


async def of_an_operator(town: Town) -> None:
    """What is read in clear stands in the record of actions; what residents and reviewers may, operators may not."""
    event_id = f"stranger-{secrets.token_hex(6)}"
    body = signed(forged("identity.id-registered.v1", id=event_id), by="matcher", folder=town.stack.layout.keys)
    await put(town, "administrator", "", "data-rights", body)
    thief = f"thief-{secrets.token_hex(3)}"
    operator = town.worker("operator", thief)
    [failure] = await until(lambda: failures.of_event(operator, event_id), bool, what="a failure")
    await operator.post(f"/v1/failures/{failure.id}/disclosures", NoAnswer, {"reason": "INC-1"})
    actions = await operator.get("/v1/audit-entries", _Actions, {"limit": 20})
    assert (thief, "failure-disclosed") in {(each.by, each.action) for each in actions.items}
    assert (await refusal(operator.post("/v1/tasks/tsk_0/claim", NoAnswer))).code == "wrong-role"
    assert (await refusal(operator.get("/v1/credentials", NoAnswer))).code == "wrong-role"


async def of_the_stores_administrator(town: Town) -> None:
    """A sealed value that was moved does not open, and that is counted; who reads as a guardian is told."""
    made, other = town.meet("senior"), town.meet("senior")
    one, two = await town.welcome(made), await town.welcome(other)
    first: str = await portal.draft(one, "senior-card", {})
    second: str = await portal.draft(two, "senior-card", {})
    async with AsyncMongoClient[Json](town.stack.mongodb_url) as client:
        kept = client["applications"]["applications"]
        good: Json = await kept.find_one({"_id": first}) or {}
        foreign: Json = await kept.find_one({"_id": second}) or {}
        await kept.update_one({"_id": first}, {"$set": {"sealed": foreign["sealed"]}})
        try:
            headers = {"Authorization": f"Bearer {one.token}"}
            answer = await town.client.get(f"/v1/applications/{first}", headers=headers)
        finally:
            await kept.update_one({"_id": first}, {"$set": {"sealed": good["sealed"]}})
    assert answer.status_code == 500
    assert made.head.name not in answer.text
    assert other.head.name not in answer.text
    assert await counted(town, "applications", "yizheng_stored_values_tampered_total")
    victim, thief = town.ids[made.head.number], town.ids[other.head.number]
    record_of = {"guardianship_id": "gua_forged", "active": True, "sequence": 1}
    async with AsyncMongoClient[Json](town.stack.mongodb_url) as client:
        guardianships = client["credential-store"]["guardianships"]
        await guardianships.insert_one({"_id": f"{thief}:{victim}", "version": 1, "cares": [record_of]})
    assert (await two.get("/v1/credentials", _OwnCredentials, {"holder": victim})).items
    [look] = await until(lambda: record(one), bool, what="the look is in the victim's record")
    assert (look.by, look.what.code) == (thief, "credential")


async def of_the_brokers_administrator(town: Town) -> None:
    """What it forges or sends back is a dead letter, whatever queue it is put into; a copy does nothing."""
    event = forged("identity.id-registered.v1")
    await put(town, "administrator", "", "applications", orjson.dumps(event))
    assert await dead_letter(town, event["id"]) == ("applications", NOT_SIGNED)
    genuine = forged("applications.item-published.v1", {"item": f"none-{secrets.token_hex(4)}"})
    body = signed(genuine, folder=town.stack.layout.keys)
    await put(town, "administrator", RETRY_EXCHANGE, "matcher", body)
    assert await dead_letter(town, genuine["id"]) == ("matcher", WRONG_SENDER)
    assert await counted(town, "matcher", rf'yizheng_messages_forged_total{{.*reason="{WRONG_SENDER}".*}}')


PLAYED: Mapping[str, Deed] = {
    "identity": of_identity,
    "applications": of_applications,
    "matcher": of_matcher,
    "credential-store": of_credential_store,
    "operations": of_operations,
    "portal": of_the_portal,
    "a department": of_a_department,
    "an operator": of_an_operator,
    "the store's administrator": of_the_stores_administrator,
    "the broker's administrator": of_the_brokers_administrator,
}


@pytest.mark.parametrize("lost", PLAYED)
async def test_what_is_lost_with_an_account_costs_what_the_table_says(town: Town, lost: str) -> None:
    await PLAYED[lost](town)
    await stop_waiting(town.stack.amqp_url)


async def test_an_account_without_its_key_can_say_nothing_and_reaches_nothing_of_others(town: Town) -> None:
    said: dict[str, str] = {}
    for service in SERVICES:
        other = next(each for each in SERVICES if each != service)
        attempts = {"another's event": publish("events", f"{other}.x.v1"), "another's queue": get(other)}
        codes = refused_each(town.stack.account_url(service), attempts.items())
        assert set(codes.values()) == {ACCESS_REFUSED}, (service, codes)
        folder = databases.folder_of(town.stack.layout)
        with MongoClient[Json](databases.url_of(town.stack.mongodb_url, folder, service)) as store:
            with pytest.raises(OperationFailure) as failure:
                store[other]["outbox"].find_one({})
            assert failure.value.code == UNAUTHORIZED, service
        own = next((each for each in own_events() if each.startswith(f"{service}.") and readers(each)), None)
        if own is not None:
            event = forged(own)
            said[event["id"]] = service
            await put(town, service, "events", own, orjson.dumps(event))
    for event_id, service in said.items():
        assert (await dead_letter(town, event_id))[1] in {NOT_SIGNED, NOT_SIGNED_BY_PERSON}, service


def test_every_row_of_the_table_is_played() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = page.partition("| lost |")[2].partition("\n\n")[0].splitlines()[2:]
    assert {row.split("|")[1].strip() for row in rows} == {*PLAYED, *ELSEWHERE}
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).exists()] == []
