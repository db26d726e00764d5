"""The command `operations` against a running system, as an operator and as a script use it."""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import aio_pika
import orjson
import pytest

from local_stack.devices import key_path
from local_stack.layout import ROOT
from local_stack.stack import Stack
from operations.commands import line
from operations.commands.caller import OperatorCaller, caller_of
from testkit.patience import PATIENCE
from testkit.signers import signed
from tests.end_to_end.town import Town
from tests.journeys import failures
from tests.journeys.waiting import until

COMMAND = ROOT / ".venv" / "bin" / "operations"
NAME = "欧阳测试"

Run = Callable[..., subprocess.CompletedProcess[str]]


def surroundings(stack: Stack, by: str = "chen") -> dict[str, str]:
    """Return what the command finds in the environment of an operator who reads English."""
    return {
        "OPERATIONS_URL": stack.gateway_url,
        "YIZHENG_CA": str(stack.authority),
        "OPERATIONS_TOKEN": stack.token("operator", subject=by),
        "OPERATIONS_KEY": str(key_path(stack.layout.keys, by)),
        "OPERATIONS_LANGUAGE": "en",
    }


@pytest.fixture
def started(stack: Stack) -> Run:
    """Run the command as it is installed."""

    def run(*words: str, **more: str) -> Any:  # noqa: ANN401 - JSON
        environment = {**os.environ, **surroundings(stack), **more}
        return subprocess.run(  # noqa: S603 - our own command
            [COMMAND, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    return run


@pytest.fixture
def run(stack: Stack) -> Run:
    """Run the command in this process, which spares its start."""

    def run(*words: str, by: str = "chen", given: str = "") -> Any:  # noqa: ANN401 - JSON
        with (
            ExitStack() as open_clients,
            pytest.MonkeyPatch.context() as patched,
            redirect_stdout(io.StringIO()) as out,
            redirect_stderr(io.StringIO()) as err,
        ):

            def caller(*options: Any) -> OperatorCaller:  # noqa: ANN401 - whatever it takes
                made = caller_of(*options)
                open_clients.enter_context(made.client)  # which the end of a process closes
                return made

            for name, value in surroundings(stack, by).items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdin", io.StringIO(given))
            patched.setattr(line, "caller_of", caller)
            code = line.main(words)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run


async def broken(town: Town, example: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Have the matcher fail an event that lacks what it needs; return the failure's id and the case."""
    said = example or REGISTERED
    case, event_id = f"res_{secrets.token_hex(6)}", f"broken-{secrets.token_hex(6)}"
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": said["source"],
        "type": said["type"],
        "time": "2026-11-23T10:00:00Z",
        "correlationid": case,
        "data": said["data"],
    }
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(
            aio_pika.Message(signed(event, folder=town.stack.layout.keys)), "matcher"
        )
    operator = town.worker("operator", "chen")
    [found] = await until(lambda: failures.of_event(operator, event_id), bool, what="the failure")
    return found.id, case


EVENTS = ROOT / "shared" / "contracts" / "events"
REGISTERED = orjson.loads((EVENTS / "identity.id-registered.v1.example.json").read_bytes())
REGISTERED["data"] |= {"name": NAME, "sequence": "first"}
ITEM = orjson.loads((EVENTS / "applications.item-published.v1.example.json").read_bytes())
ITEM["data"] |= {"item": 7}
"""An event that may be edited."""


async def test_a_failure_is_found_shown_masked_and_revealed_with_a_reason(town: Town, run: Run) -> None:
    id_, case = await broken(town)

    listed = json.loads(run("failures", "list", "--case", case, "--json").stdout)
    assert [found["id"] for found in listed] == [id_]
    assert id_ in run("failures", "list", "--case", case).stdout

    shown = run("failures", "show", id_)
    assert "/data/sequence" in shown.stdout
    assert NAME not in shown.stdout

    refused = run("failures", "reveal", id_, "--reason", " ")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert NAME in run("failures", "reveal", id_, "--reason", "INC-1").stdout
    assert "INC-1" in run("audit", "list", "--target", id_).stdout


async def test_a_replay_that_fails_again_ends_with_its_own_code(town: Town, run: Run) -> None:
    id_, _ = await broken(town)

    asked = run("replay", "prepare", id_, "--reason", "try", "--start", given="")
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)

    done = run("replay", "prepare", id_, "--reason", "try", "--start", "--watch", "--yes", "--json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["counts"]["failed"] == 1


async def test_an_edit_needs_another_operator_and_closes_the_original(town: Town, run: Run) -> None:
    id_, case = await broken(town, ITEM)
    data = json.loads(run("failures", "show", id_, "--json").stdout)["body"]["data"]

    wrong = run("edit", "propose", id_, "--reason", "try", "--file", "-", given=json.dumps(data))
    assert wrong.returncode == 1
    assert "/data/item" in wrong.stderr

    right = json.dumps({**data, "item": "a-test"})
    edit = json.loads(run("edit", "propose", id_, "-r", "INC-2", "-f", "-", "--json", given=right).stdout)
    assert NAME not in edit["diff"]
    assert run("edit", "approve", edit["id"]).returncode == 4
    assert run("edit", "approve", edit["id"], by="wang").returncode == 0

    async def state() -> Any:  # noqa: ANN401 - JSON
        return json.loads(run("edit", "show", edit["id"], "--json").stdout)

    settled = await until(state, lambda it: it["state"] == "done", what="the edit")
    assert settled["fate"] == "handled"
    [original] = json.loads(run("failures", "list", "--case", case, "--json").stdout)
    assert (original["state"], original["resolution"]) == ("resolved", "edited")
    assert '"edit-approved"' in run("trail", case, "--format", "json").stdout


async def test_what_gives_a_right_is_not_edited(town: Town, run: Run) -> None:
    id_, _ = await broken(town)
    data = json.loads(run("failures", "show", id_, "--json").stdout)["body"]["data"]
    refused = run("edit", "propose", id_, "-r", "INC-3", "-f", "-", given=json.dumps({**data, "sequence": 1}))
    assert refused.returncode == 1
    assert "identity.id-registered.v1" in refused.stderr


async def test_a_failure_is_put_away_and_taken_back(town: Town, run: Run) -> None:
    id_, _ = await broken(town)

    assert run("failures", "discard", id_, "--reason", "").returncode == 1
    assert run("failures", "discard", id_, "--reason", "a test").returncode == 0
    assert "discarded" in run("failures", "show", id_).stdout
    assert run("failures", "restore", id_, "--reason", "a test").returncode == 0
    assert "open" in run("failures", "show", id_).stdout


async def test_the_trail_is_told_as_text_and_as_a_picture(town: Town, run: Run, tmp_path: Path) -> None:
    _, case = await broken(town)

    assert case in run("trail", case).stdout
    assert run("trail", case, "--format", "svg", "--output", str(tmp_path / "case.svg")).returncode == 0
    assert (tmp_path / "case.svg").read_text(encoding="utf-8").startswith("<svg")


async def test_groups_carry_notes(town: Town, run: Run) -> None:
    id_, case = await broken(town)
    [found] = json.loads(run("failures", "list", "--case", case, "--json").stdout)

    assert run("groups", "note", found["group"], f"look at {id_}").returncode == 0
    assert f"look at {id_}" in run("groups", "show", found["group"]).stdout
    assert found["group"] in run("groups", "list").stdout


async def test_the_record_is_whole_and_can_be_taken_out(town: Town, run: Run, tmp_path: Path) -> None:
    assert run("audit", "verify").returncode == 0
    assert run("audit", "export", "--format", "csv", "--output", str(tmp_path / "record.csv")).returncode == 0
    assert (tmp_path / "record.csv").read_text(encoding="utf-8").startswith("number,at,by,action")


@pytest.mark.parametrize(
    ("words", "more", "code", "said"),
    [
        (("failures", "list"), {"OPERATIONS_TOKEN": ""}, 4, "No token"),
        (("failures", "list"), {"OPERATIONS_TOKEN": "not.a.token"}, 4, ""),
        (("failures", "list"), {"OPERATIONS_URL": "https://127.0.0.1:9"}, 3, "Nobody answers"),
        (("failures", "list"), {"YIZHENG_CA": ""}, 3, "CERTIFICATE_VERIFY_FAILED"),
        (("failures", "list"), {"YIZHENG_CA": "/nothing.pem"}, 2, "/nothing.pem"),
        (("failures", "list", "--since", "yesterday"), {}, 2, "no moment"),
        (("failures", "show", "nothing"), {}, 1, ""),
        (("failures", "lst"), {}, 2, "No such command"),
        (("failures", "list"), {"OPERATIONS_TOKEN": "", "OPERATIONS_LANGUAGE": "zh"}, 4, "没有令牌"),
    ],
)
def test_what_goes_wrong_is_said_on_standard_error_with_its_code(
    started: Run, words: tuple[str, ...], more: dict[str, str], code: int, said: str
) -> None:
    done = started(*words, **more)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_it_explains_itself_without_a_token(started: Run) -> None:
    for words in ((), ("replay",)):
        assert started(*words, "--help", OPERATIONS_TOKEN="").returncode == 0
    assert "complete" in started("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
