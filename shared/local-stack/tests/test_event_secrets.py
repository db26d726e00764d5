"""Each service is handed the keys of what it acts on, and of nothing else; they can be changed while all goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bus import topology
from bus.envelope import BrokenMessageError
from bus.event_encryption import EventCipher, secrets_file
from bus.topology import OPERATIONS
from local_stack import event_secrets
from local_stack.event_secrets import audiences, ensure_event_secrets, rotate_event_secrets
from local_stack.layout import ROOT

SERVICES = topology.load(ROOT / "shared" / "contracts" / "topology.toml").parties


def files(folder: Path) -> dict[str, bytes]:
    """Return what each service holds."""
    return {service: (folder / secrets_file(service)).read_bytes() for service in SERVICES}


def ciphers(folder: Path) -> dict[str, EventCipher]:
    """Return what each service reads with."""
    return {service: EventCipher.from_file(folder / secrets_file(service)) for service in SERVICES}


def reads(cipher: EventCipher, name: str, text: str) -> bool:
    """Tell whether this can be read."""
    try:
        return cipher.decrypt(name, text, "e1", f"{name}.v1") == b"{}"
    except BrokenMessageError:
        return False


def test_who_acts_on_it_reads_it_and_no_other_service_does(tmp_path: Path) -> None:
    ensure_event_secrets(tmp_path)
    held = ciphers(tmp_path)
    for name, readers in audiences().items():
        text = held[name.partition(".")[0]].encrypt(name, b"{}", "e1", f"{name}.v1")
        assert {service for service, cipher in held.items() if reads(cipher, name, text)} == readers
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_what_the_rebuild_of_the_matcher_can_not_read_is_all_that_it_does_not_act_on(tmp_path: Path) -> None:
    ensure_event_secrets(tmp_path)
    held = {key["event"] for key in json.loads(files(tmp_path)["matcher"])["keys"]}
    assert "credential-store.credential-stored" in held
    assert not held & {"review-dispatch.review-requested", "review-dispatch.review-approved", "identity.data-accessed"}


def test_what_is_there_stays_and_only_what_is_missing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_event_secrets(tmp_path)
    before = files(tmp_path)
    ensure_event_secrets(tmp_path)
    assert files(tmp_path) == before

    (tmp_path / secrets_file("matcher")).unlink()
    more = {**audiences(), "matcher.new-event": frozenset({"matcher", OPERATIONS})}
    monkeypatch.setattr(event_secrets, "audiences", lambda: more)
    ensure_event_secrets(tmp_path)
    added = {name for name, content in files(tmp_path).items() if content != before[name]}
    assert added == {"matcher", OPERATIONS}
    assert b"matcher.new-event" in files(tmp_path)["matcher"]


def test_new_keys_are_used_at_once_and_those_before_go_on_being_read(tmp_path: Path) -> None:
    name = "identity.id-registered"
    ensure_event_secrets(tmp_path)
    old = ciphers(tmp_path)["identity"].encrypt(name, b"{}", "e1", f"{name}.v1")
    assert rotate_event_secrets(tmp_path) == len(audiences())
    assert rotate_event_secrets(tmp_path, forget=timedelta(days=1)) == 2 * len(audiences())
    now = ciphers(tmp_path)
    new = now["identity"].encrypt(name, b"{}", "e1", f"{name}.v1")
    assert new != old
    for reader in audiences()[name]:
        assert reads(now[reader], name, old)
        assert reads(now[reader], name, new)

    assert rotate_event_secrets(tmp_path, forget=timedelta(seconds=-5)) == 0
    assert not reads(ciphers(tmp_path)["matcher"], name, new)


def test_the_command_changes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path / "keys"))
    assert event_secrets.main([]) == 0
    before = files(tmp_path / "keys")
    assert event_secrets.main(["--forget", "400"]) == 0
    assert all(content != before[service] for service, content in files(tmp_path / "keys").items())
