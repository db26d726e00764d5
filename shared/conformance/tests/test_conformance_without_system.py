"""The command where there is no right system: it says so, and never that all is well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pika
import pytest

from bus.signatures import key_file
from conformance.__main__ import main
from conformance.client import read
from conformance.contract import contract_of
from local_stack.accounts.passwords import address
from records.person_encryption import PUBLIC_KEYS
from testkit.fixtures import StackAddresses
from testkit.infrastructure import free_ports
from testkit.persons import key_folder
from testkit.signers import write_private

NOT_TRIED, NOT_RIGHT = 2, 1


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the department was handed to sign with."""
    write_private(tmp_path, "health")
    monkeypatch.setenv("EVENT_KEY", str(tmp_path / key_file("health")))
    monkeypatch.setenv("PERSON_KEYS", str(key_folder() / PUBLIC_KEYS))


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHENG_LANG", "en")


def run(code: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    exit_code = main([code, *arguments])
    said = capsys.readouterr()
    return exit_code, said.out + said.err


def test_where_no_system_is_up_it_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMQP_URL", f"amqp://health:x@127.0.0.1:{free_ports(26000).broker}/")
    exit_code, said = run("health", capsys)
    assert exit_code == NOT_TRIED
    assert "No test system is up" in said
    assert "make run" in said


def test_a_wrong_password_is_told_apart(
    infrastructure: StackAddresses, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMQP_URL", address(infrastructure.amqp, "health", "wrong"))
    exit_code, said = run("health", capsys)
    assert exit_code == NOT_TRIED
    assert "does not let this account in" in said


def test_a_broker_without_services_is_told_apart(
    bus: str, infrastructure: StackAddresses, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus
    monkeypatch.setenv("AMQP_URL", infrastructure.account_url("health"))
    exit_code, said = run("health", capsys, "--patience", "0.3")
    assert exit_code == NOT_TRIED
    assert "nobody answers" in said


def test_an_unknown_department_and_an_empty_folder_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert run("mayor", capsys)[0] == NOT_TRIED
    exit_code, said = run("health", capsys, "--messages", str(tmp_path_factory.mktemp("empty")))
    assert exit_code == NOT_TRIED
    assert "no .json file" in said


def test_a_system_that_takes_everything_does_not_conform(
    bus: str,
    infrastructure: StackAddresses,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AMQP_URL", infrastructure.account_url("health"))

    with taking_everything(bus):
        exit_code, said = run("health", capsys, "--patience", "3", "--json")

    report = json.loads(said)
    wrong = {lesson["lesson"]: lesson["answer"]["kind"] for lesson in report["lessons"] if not lesson["right"]}
    assert exit_code == NOT_RIGHT
    assert not report["conforms"]
    assert wrong["same-event-again"] == "answered-again"
    assert wrong["forged-source"] == "stored"
    assert {"right-record", "newer-sequence", "foreign-key", "future-version"} & set(wrong) == set()


@contextmanager
def taking_everything(amqp_url: str) -> Iterator[None]:
    """Stand in for the credential store, and tell every sender that its record is stored."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()

    def accept(_: object, method: pika.spec.Basic.Deliver, properties: pika.BasicProperties, __: bytes) -> None:
        data = {"event_id": properties.message_id, "result": "stored"}
        reply = orjson.dumps({"data": data})
        channel.basic_publish("correspondence", "credential-store.record-accepted.v1.health", reply)
        channel.basic_ack(method.delivery_tag or 0)

    channel.basic_consume("health.waiting", accept)
    worker = threading.Thread(target=channel.start_consuming)
    worker.start()
    try:
        yield
    finally:
        connection.add_callback_threadsafe(channel.stop_consuming)
        worker.join()
        connection.close()


def test_an_answer_is_believed_only_under_the_systems_own_key() -> None:
    body = orjson.dumps({"data": {"event_id": "e", "result": "stored"}})
    own = contract_of("health").department

    assert read("credential-store.record-accepted.v1.health", body, own) is not None
    for forged in ("health.department-record-published.v1", "civil.record-accepted.v1.health", "a.b"):
        assert read(forged, body, own) is None
    assert read("credential-store.record-accepted.v1.civil", body, own) is None
