"""The whole service over a real broker and a real store, called over HTTP."""

from __future__ import annotations

import gzip
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from bus import topology
from bus.envelope import new_event_id
from credential_store.config import Settings
from credential_store.domain.identifiers import credential_id
from credential_store.main import create_app
from local_stack.devices import ProvingAuth
from local_stack.layout import ROOT
from local_stack.tokens import sign
from runtime.clock import today, utc_now
from store.blind_index import BlindIndex
from store.repository import Database
from testkit import signers
from testkit.entrances import entrance_of
from testkit.fixtures import TOPOLOGY
from testkit.patience import eventually
from testkit.signers import signed

EXAMPLES = ROOT / "shared" / "contracts" / "events"
NUMBER = "440309199001010013"
RESIDENT = "res_1"
Json = dict[str, Any]
FoundT = TypeVar("FoundT")

APPROVED = "review-dispatch.review-approved.v2"


class Outside:
    """Whoever deals with the service: publishes events to it, hears its own, calls its routes."""

    def __init__(self, keys: Path, channel: aio_pika.abc.AbstractChannel, client: httpx.AsyncClient) -> None:
        self.index = BlindIndex.from_file(keys / "blind-index.key").of(NUMBER)
        self.heard: list[Json] = []
        self._keys = keys
        self._channel = channel
        self._client = client

    async def publishes(self, contract: str, publisher: str = "", case: str | None = None, **changes: object) -> None:
        """Publish an event like the contract's example; cases are handled side by side.

        What is approved was found unproven before.
        """
        if contract == APPROVED:
            changes.setdefault("requirement", changes.get("document_type", "birth-certificate"))
            named = ("requirement", "attempt", "document_type", "holder")
            failed: Json = orjson.loads((EXAMPLES / "matcher.match-failed.v2.example.json").read_bytes())["data"]
            document: Json = failed["documents"][0] | {name: changes[name] for name in named if name in changes}
            document |= {"document_types": [document["document_type"]]}
            application = changes.get("application_id", failed["application_id"])
            await self.publishes("matcher.match-failed.v2", case=case, application_id=application, documents=[document])
        message = orjson.loads((EXAMPLES / f"{contract}.example.json").read_bytes())
        event_type = contract if not publisher else f"{publisher}.{contract.partition('.')[2]}"
        source = f"/yizheng/{event_type.partition('.')[0]}"
        message |= {"id": new_event_id(), "type": event_type, "source": source, "data": message["data"] | changes}
        message["correlationid"] = case or message["correlationid"]
        exchange = await self._channel.get_exchange(entrance_of(event_type))
        body = aio_pika.Message(signed(message, folder=self._keys), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(body, routing_key=event_type)

    async def registers(self, **changes: object) -> Json:
        """Register the person and wait until the card is stored."""
        person: Json = {"resident_id": RESIDENT, "holder_index": self.index, "valid_until": "2046-01-01"}
        await self.publishes("identity.id-registered.v1", **(person | changes))
        return await self.hears("credential-stored", document_type="id-card")

    async def approves(self, document_type: str, fields: Json, **changes: object) -> Json:
        """Publish that a person approved a document, and wait until it is stored."""
        holder = {"resident_id": RESIDENT, "index": self.index}
        given: Json = {"document_type": document_type, "holder": holder, "fields": fields, "stated_until": None}
        approvals = [{"reviewer": "health-017", "approved_at": utc_now().isoformat(), "note": None}]
        await self.publishes(APPROVED, **(given | {"approvals": approvals} | changes))
        return await self.hears("credential-stored", document_type=document_type)

    async def listens(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Remember what the service publishes."""
        self.heard.append(signers.in_clear(message.body))

    async def hears(self, event: str, **expected: object) -> Json:
        """Wait for an event with these values and return its data; each is returned once."""
        wanted = f"credential-store.{event}.v1"

        async def found() -> Json | None:
            matching = (e for e in self.heard if e["type"] == wanted and expected.items() <= e["data"].items())
            return next(matching, None)

        event_found = await eventually(found)
        self.heard.remove(event_found)
        data: Json = event_found["data"]
        return data

    async def calls(
        self, method: str, path: str, body: Json | None = None, *, token: str = "", **headers: str
    ) -> httpx.Response:
        """Call a route."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return await self._client.request(method, f"/v1{path}", json=body, headers=sent, auth=ProvingAuth(self._keys))

    async def gets(self, address: str) -> httpx.Response:
        """Read what is published beside the routes."""
        return await self._client.get(address)

    async def is_ready(self) -> bool | None:
        """Say whether the service is ready."""
        return (await self._client.get("/startupz")).status_code == HTTPStatus.OK or None

    def resident(self, subject: str = RESIDENT) -> str:
        """Return a resident's token."""
        return sign(self._keys, "resident", subject=subject)

    def reviewer(self, *departments: str) -> str:
        """Return a reviewer's token."""
        return sign(self._keys, "reviewer", subject="reviewer-7", departments=departments)

    def operator(self) -> str:
        """Return an operator's token."""
        return sign(self._keys, "operator", subject="operator-1")

    def department(self, *departments: str) -> str:
        """Return the token of a department's system."""
        return sign(self._keys, "department", subject="a-system", departments=departments)


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Outside]:
    """Run the service, with somebody outside who hears it."""
    app = create_app(settings)
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        ear = await channel.declare_queue(exclusive=True)
        await ear.bind("events", "credential-store.#")
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://store") as client,
        ):
            outside = Outside(settings.keys, channel, client)
            await ear.consume(outside.listens, no_ack=True)
            await eventually(outside.is_ready)
            yield outside


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    async with running(settings) as outside:
        yield outside


async def test_what_was_approved_is_the_residents_and_nobody_elses(outside: Outside) -> None:
    await outside.registers()
    stored = await outside.approves("bank-account", {"name": "李育成", "account_number": "6222"})
    listed = (await outside.calls("GET", "/credentials?limit=1", token=outside.resident())).json()
    rest = (await outside.calls("GET", f"/credentials?cursor={listed['next']}", token=outside.resident())).json()
    items = {item["document_type"]: item for item in listed["items"] + rest["items"]}
    assert set(items) == {"id-card", "bank-account"}
    assert "number" not in items["id-card"]["fields"]
    assert items["bank-account"]["status_name"] == "有效"
    for words, found in (("银行 6222", ["bank-account"]), ("李育成", ["bank-account", "id-card"]), ("6223", [])):
        answer = await outside.calls("GET", f"/credentials?q={words}", token=outside.resident())
        assert sorted(each["document_type"] for each in answer.json()["items"]) == found

    path = f"/credentials/{stored['credential_id']}"
    read = await outside.calls("GET", path, token=outside.resident(), Accept_Language="en")
    assert read.status_code == 200
    assert read.headers["ETag"].startswith('"1-')
    assert read.json()["metadata"]["CertificateNumber"] == "6222"
    assert read.json()["history"][0]["what_name"] == "Stored"
    assert (await outside.calls("GET", path, token=outside.resident("res_2"))).status_code == 404


async def test_a_department_that_asks_is_told_and_the_resident_can_read_that_it_asked(outside: Outside) -> None:
    await outside.registers()
    stored = await outside.approves("household-register", {"holder_name": "李育成", "household_number": "H1"})
    civil = outside.department("civil")
    question = {"purpose": "高龄津贴审核", "number": NUMBER, "document_type": "household-register"}
    answer = await outside.calls("POST", "/queries", question, token=civil, Idempotency_Key="q1")
    again = await outside.calls("POST", "/queries", question, token=civil, Idempotency_Key="q1")
    assert answer.status_code == 200
    assert again.json() == answer.json()
    (match,) = answer.json()["matches"]
    assert match["metadata"]["CertificateIdentifier"] == stored["identifier"]
    assert match["metadata"]["CertificateHolderCode"] == "4****************3"
    assert NUMBER not in answer.text

    by_identifier = {"purpose": "核验证照", "identifier": stored["identifier"]}
    assert (await outside.calls("POST", "/queries", by_identifier, token=civil)).status_code == 200
    everything = {"purpose": "核验证照", "resident_id": RESIDENT}
    found = (await outside.calls("POST", "/queries", everything, token=civil)).json()["matches"]
    assert {it["document_type"] for it in found} == {"id-card", "household-register"}
    viewed = f"/credentials/{stored['credential_id']}?purpose=抽查"
    assert (await outside.calls("GET", viewed, token=outside.reviewer("psb"))).headers["ETag"][:3] == '"1-'

    told = [await outside.hears("data-accessed") for _ in range(4)]
    assert [(it["purpose"], it["by"]["departments"], it["how"]) for it in told] == [
        ("高龄津贴审核", ["civil"], "queried"),
        ("核验证照", ["civil"], "queried"),
        ("核验证照", ["civil"], "queried"),
        ("抽查", ["psb"], "viewed"),
    ]
    assert {it["holder"]["resident_id"] for it in told} == {RESIDENT}
    assert told[0]["documents"] == [{"document_type": "household-register", "identifier": stored["identifier"]}]


REFUSALS: list[tuple[Json, str, int, str]] = [
    ({"document_type": "senior-card"}, "civil", 404, "no-match"),
    ({"resident_id": "res_9", "number": None}, "civil", 404, "no-match"),
    ({"document_type": "bank-account"}, "edu", 403, "not-shared-with-your-department"),
    ({"holder_type": "001"}, "civil", 422, "wrong-holder-type"),
    ({"document_type": "library-card"}, "civil", 422, "document-type-unknown"),
    ({"number": "440309199001010014"}, "civil", 422, "identity-number-check-character"),
    ({"resident_id": RESIDENT}, "civil", 422, "name-one"),
    ({"purpose": " "}, "civil", 422, "invalid-input"),
    ({"purpose": "\u200b"}, "civil", 422, "invalid-input"),
    ({"purpose": "--"}, "civil", 422, "invalid-input"),
    ({"purpose": "查" * 201}, "civil", 422, "invalid-input"),
]


async def test_refusals_are_told_apart(outside: Outside) -> None:
    await outside.registers()
    for changes, department, status, code in REFUSALS:
        question = {"purpose": "审核", "number": NUMBER, "document_type": "id-card"} | changes
        answer = await outside.calls("POST", "/queries", question, token=outside.department(department))
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_that_nothing_was_found_is_told_too(outside: Outside) -> None:
    await outside.registers()
    question = {"purpose": "核查", "number": NUMBER, "document_type": "senior-card"}
    assert (await outside.calls("POST", "/queries", question, token=outside.department("psb"))).status_code == 404
    told = await outside.hears("data-accessed")
    assert (told["how"], told["documents"]) == ("queried", [{"document_type": "senior-card", "identifier": None}])


async def test_the_keeping_department_suspends_reinstates_reissues_and_revokes(outside: Outside) -> None:
    stored = await outside.approves("vaccination-record", {"child_name": "李小华", "complete": True})
    path, health = f"/credentials/{stored['credential_id']}", outside.reviewer("health")
    reason = {"reason": "核查中"}
    assert (await outside.calls("POST", f"{path}/suspension", reason, token=outside.reviewer("edu"))).status_code == 403
    done = await outside.calls("POST", f"{path}/suspension", reason, token=health, If_Match='"1"', Idempotency_Key="a")
    assert (done.status_code, done.json()["status"], done.headers["ETag"], done.json()["version"]) == (
        200,
        "02",
        '"2"',
        2,
    )
    assert (await outside.hears("credential-suspended"))["reason"] == "核查中"
    again = await outside.calls("POST", f"{path}/suspension", reason, token=health, If_Match='"1"', Idempotency_Key="a")
    assert again.json() == done.json()
    stale = await outside.calls("POST", f"{path}/reinstatement", reason, token=health, If_Match='"1"')
    assert stale.status_code == 412
    back = await outside.calls("POST", f"{path}/reinstatement", reason, token=health, If_Match='"2"')
    assert back.json()["status"] == "01"
    assert (await outside.hears("credential-stored"))["sequence"] == 3
    correction = {"reason": "更正", "fields": {"child_name": "李晓华"}}
    reissued = await outside.calls("POST", f"{path}/reissue", correction, token=health, If_Match='"3"')
    assert reissued.json()["versions"][1]["predecessor"] == stored["identifier"]
    assert (await outside.hears("credential-stored"))["predecessor"] == stored["identifier"]
    gone = await outside.calls("POST", f"{path}/revocation", reason, token=health, If_Match='"4"')
    assert gone.json()["status"] == "07"
    assert (await outside.hears("credential-revoked"))["sequence"] == 5
    assert (await outside.calls("POST", f"{path}/suspension", reason, token=health)).json()["code"] == (
        "not-in-that-status"
    )


async def test_what_expired_while_the_service_was_down_expires_when_it_is_up_again(settings: Settings) -> None:
    async with running(settings) as outside:
        tomorrow = (today(utc_now()) + timedelta(days=1)).isoformat()
        stored = await outside.approves("id-card", {"number": outside.index}, stated_until=tomorrow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credential_store.main.utc_now", lambda: utc_now() + timedelta(days=3))
        async with running(settings) as outside:
            expired = await outside.hears("credential-expired")
    assert (expired["credential_id"], expired["sequence"]) == (stored["credential_id"], 2)


async def test_a_departments_record_is_stored_and_linked_when_its_holder_registers(outside: Outside) -> None:
    contract = "department.department-record-published.v1"
    await outside.publishes(contract, "health", holder_index=outside.index, valid_until=str(date(2040, 1, 1)))
    stored = await outside.hears("credential-stored")
    assert (stored["origin"], stored["holder"]["resident_id"]) == ("department", None)
    assert stored["credential_id"] != credential_id(outside.index, "vaccination-record", "vac-88213", "health")
    await outside.registers()
    items = (await outside.calls("GET", "/credentials", token=outside.resident())).json()["items"]
    assert stored["credential_id"] in {item["credential_id"] for item in items}


async def test_a_credential_is_shown_verified_and_once_revoked_never_again(
    outside: Outside, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    stored = await outside.approves("vaccination-record", {"child_name": "李小华", "complete": True})
    path, holder = f"/credentials/{stored['credential_id']}", outside.resident()
    wish = {"fields": ["complete"]}
    shown = (await outside.calls("POST", f"{path}/presentations", wish, token=holder, Idempotency_Key="p")).json()
    assert shown["shown"] == ["complete"]

    for text in (shown["presentation"], shown["qr_text"], f"  {shown['qr_text']}\n"):
        verdict = (await outside.calls("POST", "/verifications", {"presentation": text}, Accept_Language="en")).json()
        assert (verdict["valid"], verdict["reasons"], verdict["fields"]) == (True, [], {"complete": True})
        assert (verdict["document_type"], verdict["document_type_name"]) == ("vaccination-record", "Vaccination record")

    picture = await outside.calls("GET", shown["qr_png"].removeprefix("/v1"), token=holder)
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert read_by_a_scanner(picture.content).startswith("YZ1:")
    assert (await outside.calls("GET", shown["qr_png"].removeprefix("/v1"))).status_code == 401
    stranger = outside.resident("res_2")
    assert (await outside.calls("POST", f"{path}/presentations", wish, token=stranger)).status_code == 404

    health = outside.reviewer("health")
    for change, reasons in (("suspension", ["suspended"]), ("reinstatement", []), ("revocation", ["revoked"])):
        await outside.calls("POST", f"{path}/{change}", {"reason": "核查中"}, token=health)
        given = {"presentation": shown["presentation"]}
        verdict = (await outside.calls("POST", "/verifications", given)).json()
        assert [reason["code"] for reason in verdict["reasons"]] == reasons
        assert verdict["valid"] is not bool(reasons)
    refused = await outside.calls("POST", f"{path}/presentations", wish, token=holder)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-valid-now")

    kept: list[str] = []
    for name in await database.list_collection_names():
        kept += [str(each) async for each in database[name].find()]
    marks = (shown["presentation"][:200], shown["presentation"].split("~")[1], shown["qr_text"])
    signed_forms = [each for each in kept if stored["credential_id"] in each]
    assert not any(mark in each for mark in marks for each in kept if each not in signed_forms)
    said = caplog.text + "".join(capsys.readouterr())
    assert not any(mark in said for mark in (*marks, "李小华"))


async def test_anybody_can_check_alone_with_the_published_keys_and_lists(outside: Outside) -> None:
    stored = await outside.approves("vaccination-record", {"child_name": "李小华", "complete": True})
    path = f"/credentials/{stored['credential_id']}"
    shown = (await outside.calls("POST", f"{path}/presentations", {"fields": []}, token=outside.resident())).json()
    jwks = (await outside.gets("/.well-known/jwks.json")).json()
    about = (await outside.gets("/.well-known/jwt-vc-issuer")).json()
    assert about["jwks"] == jwks
    keys = KeySet.import_key_set(jwks)
    claims = jwt.decode(shown["presentation"].split("~")[0], keys, algorithms=["ES256"]).claims
    assert claims["iss"] == about["issuer"]
    entry = claims["credentialStatus"][0]
    address = entry["statusListCredential"].removeprefix(f"{about['issuer']}/v1")
    fetched = await outside.calls("GET", address)
    assert (fetched.status_code, fetched.headers["Content-Type"]) == (200, "application/vc+jwt")
    again = await outside.calls("GET", address, If_None_Match=fetched.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    subject = jwt.decode(fetched.text, keys, algorithms=["ES256"]).claims["credentialSubject"]
    bits = gzip.decompress(urlsafe_b64decode(subject["encodedList"][1:] + "=="))
    assert len(bits) * 8 >= 131_072
    assert not any(bits)
    assert (await outside.calls("GET", "/status-lists/revocation/99")).status_code == 404


def read_by_a_scanner(png: bytes) -> str:
    """Return what a QR code says, as another program reads it."""
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-"]
    done = subprocess.run(command, input=png, capture_output=True, check=True)  # noqa: S603 - written here
    return done.stdout.decode().strip()


async def test_a_department_sees_how_much_of_its_quota_it_has_used_and_an_operator_sees_all(outside: Outside) -> None:
    await outside.publishes("department.department-record-published.v1", "health")
    await outside.hears("credential-stored", document_type="vaccination-record")

    own = (await outside.calls("GET", "/quotas", token=outside.department("health"))).json()["items"]
    assert [(each["department"], each["name"], each["used"], each["slowed"]) for each in own] == [
        ("health", "卫生", 1, False)
    ]
    assert own[0]["per_hour"] > 1
    assert own[0]["since"] < own[0]["until"]
    all_of_them = (await outside.calls("GET", "/quotas", token=outside.operator())).json()["items"]
    assert {each["department"] for each in all_of_them} == {*topology.load(TOPOLOGY).departments} - {"city"}
    assert (await outside.calls("GET", "/quotas", token=outside.resident())).status_code == HTTPStatus.FORBIDDEN
