"""The command that verifies from files: what it says, and when it can't say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from credential_desk import AGREEMENTS, TRUSTED, Desk, listed
from credential_store.commands import verify as command
from credential_store.domain import compact, status_list
from runtime.json_signatures import PublicKeys


class Shown:
    """Files with what somebody was shown and has fetched, for the command."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.desk = folder, Desk()
        monkeypatch.setattr(command, "utc_now", self.desk.clock)
        self.text = asyncio.run(self.desk.shows("name"))

    def writes(self, name: str, content: str | bytes) -> str:
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(file)

    def lists(self) -> Sequence[str]:
        self.desk.deps.listed.clear()
        return [self.writes(each, asyncio.run(listed(self.desk, each))) for each in status_list.PURPOSES]

    def checks(self, text: str, *, keys: PublicKeys = TRUSTED.credentials, lists: Sequence[str] | None = None) -> int:
        jwks = self.writes("jwks.json", orjson.dumps(keys.jwks()))
        status = " ".join(self.lists() if lists is None else lists)
        arguments = [self.writes("shown", text), "--jwks", jwks, "--status", status, "--language", "en"]
        return command.main(arguments)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(tmp_path, monkeypatch)


def test_the_command_says_whether_it_counts(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown.checks(shown.text.text) == command.VALID
    said = capsys.readouterr().out
    assert said.startswith("Valid\n")
    assert "Name: 李育成" in said
    assert "Document: " in said
    assert shown.checks(compact.pack(shown.text) + "\n") == command.VALID
    assert shown.checks(shown.text.text, lists=[]) == command.STATUS_UNKNOWN
    shown.desk.marks("revocation")
    assert shown.checks(shown.text.text) == command.INVALID
    assert "revoked" in capsys.readouterr().out
    assert shown.checks(shown.text.text, keys=AGREEMENTS.public) == command.INVALID


def test_the_command_says_when_it_cannot_check(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = [shown.writes("shown", shown.text.text), "--gateway", "http://127.0.0.1:9"]
    assert command.main(nowhere) == command.UNCHECKED
    assert command.main([str(shown.folder / "missing"), "--jwks", str(shown.folder / "none")]) == command.UNCHECKED
    assert shown.checks(shown.text.text, lists=[shown.writes("broken", "nothing")]) == command.UNCHECKED
    shown.desk.clock.advance(timedelta(hours=2))
    old = [shown.writes("old", asyncio.run(listed(shown.desk, "revocation")))]
    shown.desk.clock.advance(timedelta(hours=2))
    assert shown.checks(shown.text.text, lists=old) == command.UNCHECKED
    assert "can't be used: expired" in capsys.readouterr().err
