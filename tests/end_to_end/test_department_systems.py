"""What strangers get: the page that they are given works as it stands, and the conformance command tells the truth."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from local_stack.deadlines import poll
from local_stack.devices import ProvingAuth
from local_stack.layout import ROOT
from local_stack.stack import Stack
from records import replies
from testkit.patience import PATIENCE

PAGE = (ROOT / "docs" / "departments.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "department.py"
DATA = Path(__file__).parent / "data"
RECORDS = ROOT / "docs" / "examples" / "records.jsonl"
TABLE = ROOT / "docs" / "examples" / "vaccinations.csv"
MAPPING = ROOT / "docs" / "examples" / "vaccinations.mapping.yaml"
KEY = "health.department-record-published.v2"
REGISTERED = ROOT / "shared" / "contracts" / "events" / "identity.id-registered.v1.example.json"
FOR_ALL_OTHERS = "other"


def run(stack: Stack, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program as a department would, against the running system."""
    environment = {**os.environ, **stack.environment, "YIZHENG_LANG": "en", **more}
    words = [sys.executable, *command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - our own


def conformance(stack: Stack, code: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = run(stack, "-m", "conformance", code, "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("code", ["civil", "city"])  # as health, the commands of the page ask it
def test_the_system_answers_every_lesson_as_it_must(stack: Stack, code: str) -> None:
    exit_code, report = conformance(stack, code)

    assert [lesson for lesson in report["lessons"] if not lesson["right"]] == []
    assert report["conforms"]
    assert exit_code == 0
    assert len(report["lessons"]) >= 16


def test_a_department_uses_the_address_that_it_was_handed(stack: Stack, tmp_path: Path) -> None:
    key = str(stack.layout.keys / "event-edu.key")
    persons = str(stack.layout.keys / "person-keys.json")
    handed = {"AMQP_URL": stack.account_url("edu"), "EVENT_KEY": key, "PERSON_KEYS": persons}
    handed["YIZHENG_VAR"] = str(tmp_path)

    done = run(stack, "-m", "conformance", "edu", **handed)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "edu: everything is as it must be." in done.stdout


def test_a_departments_own_messages_are_checked_and_sent(stack: Stack, tmp_path: Path) -> None:
    example = ROOT / "shared" / "contracts" / "events" / "department.department-record-published.v1.example.json"
    right = json.loads(example.read_text(encoding="utf-8"))
    wrong = {**right, "source": "/yizheng/civil", "data": {**right["data"], "document_type": "id-card", "sequence": 0}}
    shutil.copy(example, tmp_path / "1-right.json")
    (tmp_path / "2-wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    (tmp_path / "3-broken.json").write_text('{"specversion": "1.0"', encoding="utf-8")

    exit_code, report = conformance(stack, "health", "--messages", str(tmp_path))

    first, second, third = report["files"]
    assert first["answer"]["kind"] in ("stored", "unchanged")
    assert {(fault["reason"], fault["path"]) for fault in second["faults"]} == {
        ("wrong-source", "/source"),
        ("wrong-schema", "/data/sequence"),
        ("document-type-not-kept", "/data/document_type"),
    }
    assert [fault["reason"] for fault in third["faults"]] == ["not-json"]
    assert [each["answer"] for each in (second, third)] == [None, None]
    assert exit_code == 1


def test_the_example_sends_once_however_often_it_is_started(stack: Stack, tmp_path: Path) -> None:
    mine = {
        "AMQP_URL": stack.account_url("health"),
        "PERSON_KEYS": str(stack.layout.keys / "person-keys.json"),
        "EVENT_KEY": str(stack.layout.keys / "event-health.key"),
        "EVENT_KEYS": str(stack.layout.keys / "event-keys.json"),
        "OUTBOX": str(tmp_path / "outbox.sqlite"),
    }

    first, second = (run(stack, str(EXAMPLE), str(RECORDS), **mine) for _ in range(2))

    assert first.returncode == 0, first.stdout + first.stderr
    assert re.fullmatch(r"(\S+ \d (stored|unchanged)\n){3}", first.stdout)
    assert (second.returncode, second.stdout) == (0, first.stdout)


@pytest.mark.parametrize("name", ["u2028", "bom", "blank-line"])
def test_the_example_sends_each_record_of_an_unusual_file_once(stack: Stack, tmp_path: Path, name: str) -> None:
    record = json.loads((DATA / f"{name}.jsonl").read_text("utf-8-sig").strip("\n"))
    file = tmp_path / "records.jsonl"
    content = (DATA / f"{name}.jsonl").read_bytes().replace(b'"x-1"', f'"{name}-{uuid4()}"'.encode())
    file.write_bytes(content + b'\n{"record_id": "half')
    mine = {
        "AMQP_URL": stack.account_url("health"),
        "PERSON_KEYS": str(stack.layout.keys / "person-keys.json"),
        "EVENT_KEY": str(stack.layout.keys / "event-health.key"),
        "EVENT_KEYS": str(stack.layout.keys / "event-keys.json"),
        "OUTBOX": str(tmp_path / "outbox.sqlite"),
    }

    done = run(stack, str(EXAMPLE), str(file), **mine)

    assert re.fullmatch(rf"{name}-\S+ {record['sequence']} stored\n", done.stdout), done.stdout + done.stderr
    assert re.search(r"line \d is left out: it is not JSON from character \d+ on", done.stderr)
    assert done.returncode == 1


def test_the_example_tells_what_was_refused(stack: Stack, tmp_path: Path) -> None:
    foreign = json.loads(RECORDS.read_text(encoding="utf-8").splitlines()[0]) | {"document_type": "id-card"}
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(foreign), encoding="utf-8")
    mine = {
        "AMQP_URL": stack.account_url("health"),
        "PERSON_KEYS": str(stack.layout.keys / "person-keys.json"),
        "EVENT_KEY": str(stack.layout.keys / "event-health.key"),
        "EVENT_KEYS": str(stack.layout.keys / "event-keys.json"),
        "OUTBOX": str(tmp_path / "outbox.sqlite"),
    }

    done = run(stack, str(EXAMPLE), str(file), **mine)

    assert done.returncode == 1
    assert "vac-88213 1 refused: document-type-not-kept at /data/document_type" in done.stdout
    assert "该类证照不由贵部门保管" in done.stderr


def test_a_forged_event_that_is_copied_to_others_reaches_nobody(stack: Stack) -> None:
    """RabbitMQ 3 does not check the keys of copies (`CC`), but a department's exchange leads to its own queue only."""
    event_id = f"forged-{uuid4()}"
    forged = json.loads(REGISTERED.read_text(encoding="utf-8")) | {"id": event_id}
    copies = pika.BasicProperties(headers={"CC": [forged["type"]]}, message_id=event_id)
    refused_by_broker = 403
    connection = pika.BlockingConnection(pika.URLParameters(stack.account_url("health")))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("health.messages", KEY, json.dumps(forged).encode(), copies)
        assert poll(lambda: _answered(connection, event_id) == "wrong-routing-key", seconds=PATIENCE)
    except ChannelClosedByBroker as error:  # RabbitMQ 4 checks them
        refused_by_broker = error.reply_code
    finally:
        connection.close()
    assert refused_by_broker == 403
    assert failures(stack, event_id) == {}


def _answered(connection: pika.BlockingConnection, event_id: str) -> str:
    """Return the reason for which an event was refused, once it was; other answers are left alone."""
    with connection.channel() as channel:
        for _, _, body in channel.consume("health.replies", inactivity_timeout=0.2):
            if body is None:
                return ""
            data = json.loads(body)["data"]
            if data["event_id"] == event_id:
                return str(data["reason"])
    return ""


def failures(stack: Stack, event_id: str) -> dict[str, str]:
    """Ask operations what was given up: the reason by service."""
    authority = {"Authorization": f"Bearer {stack.token('operator')}"}
    with httpx.Client(base_url=stack.gateway_url, headers=authority, verify=stack.trusted) as client:
        answer = client.get("/v1/failures", params={"event_id": event_id}, auth=ProvingAuth(stack.layout.keys))
    answer.raise_for_status()
    return {failure["service"]: failure["reason"] for failure in answer.json()["items"]}


def test_the_table_of_the_page_has_one_line_that_is_refused(stack: Stack) -> None:
    authority = {"Authorization": f"Bearer {stack.token('department', subject='health')}"}
    with httpx.Client(base_url=stack.gateway_url, headers=authority, verify=stack.trusted) as client:
        parts = {"mapping": (None, MAPPING.read_bytes()), "file": ("table.csv", TABLE.read_bytes())}
        at = f"/v1/hand-overs/{client.post('/v1/hand-overs', files=parts).raise_for_status().json()['hand_over_id']}"

        assert poll(lambda: client.get(at).json()["state"] == "done", seconds=PATIENCE)
        done, refused = client.get(at).json(), client.get(f"{at}/refused").text.splitlines()

    assert (done["lines"], done["stored"] + done["unchanged"], done["refused"]) == (4, 2, 1)
    assert [(line["reason"], line["path"]) for line in map(json.loads, refused)] == [
        ("not-a-date", "/data/fields/birth_date")
    ]


def test_the_example_needs_nothing_of_ours() -> None:
    imported = set(re.findall(r"^(?:from|import) (\w+)", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert imported <= {*sys.stdlib_module_names, "cryptography", "joserfc", "pika"}


def test_the_page_explains_every_reason_that_an_answer_may_carry() -> None:
    rows = re.findall(r"^\| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \|", PAGE, re.MULTILINE)
    explained = {reason.strip("`") for row in rows for reason in row.split(", ")}
    known = {key.split(".")[1] for key in replies.TEXTS.keys("en") if key.startswith("reasons.")}

    assert known - {FOR_ALL_OTHERS} <= explained
