"""The command line itself, without a system: what every command offers, and what it asks of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from operations.commands import failures, history, replays
from operations.commands.caller import OperatorCaller
from operations.commands.line import app

ENTRIES = '{"number":1,"reason":"a\u2028b"}\n{"number":2,"reason":""}\n'
SETTLED = [{"count": 2000, "more": True, "until": "T"}, {"count": 7, "more": False, "until": "T"}]


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - typer's
    """Return every command that does something, with its words."""
    below: Mapping[str, Any] = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name, each in below.items():
        yield from leaves(each, (*path, name))


COMMANDS = dict(leaves(get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_speaks_json_and_says_what_it_does(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert "--json" in {option for each in command.params for option in each.opts}
    assert command.help
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("operations re", {"replay"}),
        ("operations replay p", {"prepare", "pause"}),
        ("operations failures list --wh", {"--why"}),
        ("operations failures list --state re", {"replaying", "resolved"}),
        ("operations trail a-case --format s", {"svg"}),
    ],
)
def test_a_shell_completes_commands_options_and_their_values(typed: str, offered: set[str]) -> None:
    asked = {"_OPERATIONS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}

    done = CliRunner().invoke(app, prog_name="operations", env=asked)

    assert set(done.stdout.split()) == offered


@dataclass
class Api:
    """Answers with what it was given, one after the other, and keeps what it was asked."""

    answers: list[Any]
    asked: list[Any] = field(default_factory=list)

    @property
    def context(self) -> Any:  # noqa: ANN401 - as much of a context as commands look at
        """The context of a command that calls this API."""
        client = httpx.Client(transport=httpx.MockTransport(self._answer), base_url="http://api/v1")
        return SimpleNamespace(obj=SimpleNamespace(caller=lambda: OperatorCaller(client)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self.asked.append(json.loads(body) if body else dict(request.url.params))
        return httpx.Response(200, json=self.answers.pop(0))


def settle(api: Api, **options: Any) -> None:  # noqa: ANN401 - as typed
    [discard] = [each.callback for each in failures.app.registered_commands if each.name == "discard"]
    assert discard is not None
    discard(api.context, reason="INC-1", yes=True, json=True, **options)


def test_what_fails_while_a_group_is_put_away_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(list(SETTLED))

    settle(api, group="g1")

    assert api.asked == [
        {"group": "g1", "reason": "INC-1"},
        {"search": {"group": "g1", "until": "T"}, "reason": "INC-1"},
    ]
    assert json.loads(capsys.readouterr().out) == {"count": 2007, "until": "T"}


def test_all_that_a_search_finds_is_put_away() -> None:
    api = Api([SETTLED[1]])

    settle(api, service="matcher", why="wrong-schema", field=["/data/a=b"])

    assert api.asked == [
        {"search": {"service": "matcher", "reason": "wrong-schema", "fields": ["/data/a=b"]}, "reason": "INC-1"}
    ]


def test_any_search_can_be_replayed() -> None:
    api = Api([PREPARED])
    way: dict[str, Any] = {"case": "app_1", "event": "e1", "why": "handler-failed", "field": ["/data/a=b"]}

    replays.prepare(api.context, reason="INC-1", json=True, **way)

    search = {"reason": "handler-failed", "case": "app_1", "event_id": "e1", "fields": ["/data/a=b"]}
    assert api.asked == [{"search": search, "reason": "INC-1", "rate": 50, "title": ""}]


def test_a_search_asks_for_fields_and_states() -> None:
    api = Api([{"items": [], "next": None}])

    failures.find(api.context, field=["/data/a=b"], state=["open"], json=True)

    assert api.asked == [{"field": "/data/a=b", "state": "open", "limit": "50"}]


def test_the_record_comes_out_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Some characters of a reason end a line for Python, and for nobody else."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=ENTRIES)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://api/v1")
    context: Any = SimpleNamespace(obj=SimpleNamespace(caller=lambda: OperatorCaller(client)))

    history.export(context)
    history.export(context, output=tmp_path / "record.jsonl")

    assert capsys.readouterr().out == ENTRIES
    assert (tmp_path / "record.jsonl").read_text(encoding="utf-8") == ENTRIES


PREPARED: dict[str, Any] = {"id": "rep_1", "state": "prepared", "version": 1}


def test_a_message_in_clear_is_shown_to_people_and_to_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {"id": "f1", "content": {"name": "甲"}, "text": None, "message": "KeyError: '甲'", "stack": "File …"}
    for as_json in (False, True):
        failures.reveal(Api([shown]).context, "f1", "INC-1", json=as_json)
        said = capsys.readouterr().out
        assert "甲" in said
        assert as_json == said.startswith('{\n  "id"')
