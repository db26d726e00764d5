"""Review-dispatch or applications alone, or another service in their name, can mint nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from bus.connection import connect
from bus.envelope import BrokenMessageError, new_event_id
from bus.event import NotYet
from bus.topology import dead_letters_of, delay_name
from credential_office import HOLDER, INDEX, Office, Told, approved
from credential_store.config import Settings
from credential_store.main import create_app
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from local_stack.layout import ROOT
from store.repository import Database
from testkit.attempts import PERSISTENT
from testkit.fixtures import StackAddresses
from testkit.patience import eventually
from testkit.signers import signed

EXAMPLES = ROOT / "shared" / "contracts" / "events"
OURS = "credential-store"


def failed(approval: Told, **changes: object) -> Told:
    """Return the matcher's word that what is approved was submitted, and could not be proven."""
    said: dict[str, Any] = approval[2]
    named = {name: said[name] for name in ("requirement", "attempt", "document_type", "holder")}
    about = {"document_types": [said["document_type"]], "reviewable": True, "claims": said["fields"]}
    document = {**named, **about, **changes}
    return "matcher.match-failed.v2", 1, {"application_id": said["application_id"], "documents": [document]}


async def test_an_approval_of_what_was_never_submitted_waits_and_stores_nothing() -> None:
    office = Office(are_submitted=False)
    with pytest.raises(NotYet, match="no submission of birth-certificate in app_1, attempt 10"):
        await office.hears(approved())
    await office.hears(failed(approved(), reviewable=False))
    with pytest.raises(NotYet):
        await office.hears(approved())
    assert office.documents.all == {}

    await office.hears(failed(approved()), approved())
    assert len(office.documents.all) == 1


@pytest.mark.parametrize(
    "otherwise",
    [
        {"holder": HOLDER | {"index": "3a" * 32}},
        {"document_type": "property-certificate", "requirement": "birth-certificate"},
    ],
    ids=["another person", "another document"],
)
async def test_an_approval_of_another_person_or_document_than_was_submitted_is_refused(
    otherwise: dict[str, object],
) -> None:
    office = Office(are_submitted=False)
    await office.hears(failed(approved()))
    with pytest.raises(BrokenMessageError, match="not-submitted"):
        await office.hears(approved(**otherwise))  # type: ignore[arg-type] # one of its parts
    assert office.documents.all == {}


async def test_what_was_submitted_first_is_not_written_over() -> None:
    office = Office(are_submitted=False)
    await office.hears(failed(approved()), failed(approved(), holder=HOLDER | {"index": "3a" * 32}))
    assert [each.index for each in office.submissions.all.values()] == [INDEX]


@pytest.fixture
def settings(
    private: StackAddresses, private_bus: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    assert private_bus
    ensure_keys(tmp_path)
    monkeypatch.setenv("AMQP_URL", private.account_url(OURS))
    monkeypatch.setenv("MONGODB_URL", private.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("YIZHENG_JWKS", str(tmp_path / PUBLIC_KEYS))
    monkeypatch.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


def _smuggled(url: str, exchange: str, key: str, body: bytes, account: str) -> bool:
    """Publish a copy for the credential store beside one's own key; tell whether the broker took it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(delivery_mode=PERSISTENT, headers={"CC": [OURS]}, user_id=account)
        channel.basic_publish(exchange, key, body, properties, mandatory=True)
    except (ChannelClosedByBroker, UnroutableError):
        return False
    finally:
        if connection.is_open:
            connection.close()
    return True


@pytest.mark.parametrize(
    ("account", "exchange", "key", "reason"),
    [
        ("matcher", delay_name(2), "matcher", "wrong-sender"),
        ("operations", "retry", OURS, "not-signed"),
    ],
    ids=["the matcher through a delay", "operations through retry"],
)
async def test_one_services_account_and_key_mint_nothing_in_anothers_name(
    private: StackAddresses, settings: Settings, database: Database, account: str, exchange: str, key: str, reason: str
) -> None:
    event = orjson.loads((EXAMPLES / "review-dispatch.review-approved.v2.example.json").read_bytes())
    body = signed(event | {"id": new_event_id()}, by=account)
    app = create_app(settings)
    async with app.router.lifespan_context(app), await connect(private.amqp, name="looking") as connection:
        letters = await (await connection.channel()).get_queue(dead_letters_of(OURS), ensure=False)

        async def letter() -> AbstractIncomingMessage | None:
            return await letters.get(no_ack=True, fail=False)

        if _smuggled(private.account_url(account), exchange, key, body, account):  # later brokers refuse the first
            assert (await eventually(letter)).headers["x-reason"] == reason
        assert await database["credentials"].count_documents({}) == 0
