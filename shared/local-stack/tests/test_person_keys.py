"""Who has the keys of persons, and what a department can do with all that it was handed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from itertools import product
from pathlib import Path

import pytest
import yaml
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from local_stack import person_keys
from local_stack.accounts.department_account import account, as_text
from local_stack.keys import ensure_keys
from local_stack.layout import ROOT, Layout
from records.person_encryption import PRIVATE_KEYS, PUBLIC_KEYS, Binding, PublicKey
from store.blind_index import BlindIndex

NUMBER = "440309202002290031"
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    ensure_keys(layout.keys)
    return layout


def handed_over(code: str, layout: Layout) -> list[bytes]:
    """Everything that a department gets: what it is told, and every file that this names."""
    found = account(code, "amqp://127.0.0.1:5672/", layout)
    said = json.dumps(found) + as_text(found)
    files = [Path(name) for name in re.findall(r'"(/[^"]+)"', said) if Path(name).is_file()]
    assert {path.name for path in files} == {f"event-{code}.key", "event-keys.json", PUBLIC_KEYS}
    return [said.encode(), *(path.read_bytes() for path in files)]


def test_what_a_department_is_handed_computes_nobodys_index(layout: Layout) -> None:
    index = BlindIndex.from_file(layout.keys / "blind-index.key")
    handed = handed_over("health", layout)
    words = {word for content in handed for word in re.findall(rb"[A-Za-z0-9+/_=-]{16,}", content)}
    as_hex = {bytes.fromhex(word.decode()) for word in words if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", word)}
    keys = {*handed, *words, *as_hex, *(hashlib.sha256(word).digest() for word in words)}

    tried = {hmac.new(key, NUMBER.encode(), hashlib.sha256).hexdigest() for key in keys}
    tried |= {hashlib.sha256(key + NUMBER.encode()).hexdigest() for key in keys}

    assert len(words) > 10
    assert index.of(NUMBER) not in tried
    assert index.key.hex().encode() not in b"".join(handed)


def test_what_a_department_is_handed_opens_nothing_that_another_encrypted(layout: Layout) -> None:
    public = PublicKey.from_file(layout.keys / PUBLIC_KEYS)
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False)
    others = public.encrypt({"number": NUMBER}, Binding("/yizheng/psb", "psb.department-record-published.v2", "1"))

    with pytest.raises((JoseError, ValueError, AssertionError)):
        jwe.decrypt_compact(others, public.key, registry=registry)
    private = json.loads((layout.keys / PRIVATE_KEYS).read_bytes())["keys"][0]["d"].encode()
    assert all(private not in content for content in handed_over("health", layout))


def test_the_private_key_goes_to_the_services_that_join_by_number_only() -> None:
    have = {name for name, each in COMPOSE["services"].items() if PRIVATE_KEYS in each.get("secrets", ())}

    assert have == {"credential-store", "matcher"}


def test_the_command_says_which_key_counts_and_what_is_to_be_handed_out(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_KEYS", str(layout.keys))
    kids = []
    for arguments in product(([], ["--days", "1"], ["--lost"])):
        assert person_keys.main(*arguments) == 0
        kids.append(PublicKey.from_file(layout.keys / PUBLIC_KEYS).kid)
        assert kids[-1] in capsys.readouterr().out

    assert len(set(kids)) == len(kids)
    (kept,) = json.loads((layout.keys / PRIVATE_KEYS).read_bytes())["keys"]
    assert ECKey.import_key(kept).thumbprint() == kept["kid"] == kids[-1]
