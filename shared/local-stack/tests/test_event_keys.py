"""Who holds the keys that sign events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bus import topology
from bus.envelope import BrokenMessageError, decode_event
from bus.signatures import KEYS_FILE, EventKeys, EventSigner, key_file
from local_stack.event_keys import ensure_event_keys, main, register_event_key, rotate_event_key
from local_stack.failure import StackError
from local_stack.layout import ROOT

TOPOLOGY = topology.load(ROOT / "shared" / "contracts" / "topology.toml")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    ensure_event_keys(tmp_path)
    return tmp_path


def own() -> tuple[bytes, bytes]:
    """Return a key pair that a department made: private and public half."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public


def signed(private: bytes, folder: Path, at: datetime) -> bytes:
    path = folder / "own.pem"
    path.write_bytes(private)
    path.chmod(0o600)
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/yizheng/health",
        "type": "health.department-record-published.v1",
        "time": at.isoformat(),
        "correlationid": "c",
        "data": {},
    }
    return EventSigner.from_file("health", path).sign(json.dumps(event).encode())


def counts(body: bytes, keys: Path) -> bool:
    try:
        EventKeys(TOPOLOGY, keys / KEYS_FILE).check(body, decode_event(body))
    except BrokenMessageError:
        return False
    return True


def test_a_department_signs_with_a_key_that_we_never_saw_and_we_can_sign_for_it_no_more(
    keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere, now = tmp_path_factory.mktemp("health"), datetime.now(UTC)
    ours = (keys / key_file("health")).read_bytes()
    private, public = own()
    assert not counts(signed(private, elsewhere, now), keys)
    register_event_key(keys, "health", public)
    assert counts(signed(private, elsewhere, now), keys)
    assert counts(signed(ours, elsewhere, now), keys)  # what is on its way
    assert not counts(signed(ours, elsewhere, now + timedelta(hours=25)), keys)
    ensure_event_keys(keys)
    assert not (keys / key_file("health")).exists()


def test_a_lost_key_ends_at_once(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere, now = tmp_path_factory.mktemp("health"), datetime.now(UTC)
    first, second = own(), own()
    register_event_key(keys, "health", first[1])
    register_event_key(keys, "health", second[1], lost=True)
    assert not counts(signed(first[0], elsewhere, now), keys)
    assert counts(signed(second[0], elsewhere, now), keys)


def test_a_department_may_have_us_make_its_key_again(keys: Path) -> None:
    register_event_key(keys, "health", own()[1])
    rotate_event_key(keys, "health")
    ensure_event_keys(keys)
    assert (keys / key_file("health")).exists()


def test_what_is_no_public_key_of_a_department_is_refused_and_changes_nothing(keys: Path) -> None:
    private, public = own()
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    register_event_key(keys, "edu", public)
    before = (keys / KEYS_FILE).read_bytes()
    for owner, text, why in (
        ("health", private, "private key"),
        ("health", b"rubbish", "no public key"),
        ("health", other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "Ed25519"),
        ("health", public, "registered already"),
        ("matcher", own()[1], "no department"),
    ):
        with pytest.raises(StackError, match=why):
            register_event_key(keys, owner, text)
    assert (keys / KEYS_FILE).read_bytes() == before


def test_the_command_takes_the_file(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_KEYS", str(keys))
    (keys / "health.pub").write_bytes(own()[1])
    assert main(["health", "--public", str(keys / "health.pub")]) == 0
    assert "health signs with" in capsys.readouterr().out
    assert main(["health", "--public", str(keys / "missing.pub")]) == 2
