"""The files that the broker's accounts come from: generated rights, secret passwords, what is handed to whom."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from bus import topology
from bus.addresses import safe
from bus.rights import BrokerAccount, any_of, department_accounts, every_account
from bus.topology import Topology
from local_stack import broker
from local_stack.accounts import broker_accounts, department_account, permissions
from local_stack.accounts.definitions import definitions
from local_stack.accounts.passwords import account_url, address, ensure_passwords, hashed
from local_stack.container_secrets import DEFINITIONS, ensure_secrets
from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout
from local_stack.ports import Ports

LONGEST_PATTERN = 1000
"""Characters; RabbitMQ 4.3 does not start with one of 1,224 (`pattern_too_long`)."""

OWNER_ONLY = 0o600


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def keys_of(sender: str) -> list[str]:
    return [f"{sender}-record-{name}.v{version}" for name in ("published", "withdrawn") for version in (1, 2)]


def test_the_permissions_are_those_of_the_topology() -> None:
    assert permissions.FILE.read_text(encoding="utf-8") == permissions.wanted(), "stale: run `make contracts`"


def test_the_permissions_hold_no_secret() -> None:
    text = permissions.FILE.read_text(encoding="utf-8")
    assert "password" not in text
    assert "hash" not in text


def test_every_department_has_an_account_with_its_own_keys_and_replies_only(full_topology: Topology) -> None:
    accounts = {account.name: account for account in department_accounts(full_topology)}

    assert set(accounts) == set(full_topology.departments)
    assert accounts["health"].reads == ("health.replies", "health.record-heads")
    assert accounts["health"].writes == {"health.messages": any_of(keys_of("health.department"))}
    assert accounts["city"].writes == {"city.messages": any_of(keys_of("city.city"))}
    assert all(set(account.writes) == {f"{code}.messages"} for code, account in accounts.items())


def test_a_pattern_matches_the_names_and_nothing_that_resembles_them() -> None:
    pattern = any_of(["health.replies", "a.b"]).replace(r"\z", r"\Z")

    for name in ("health.replies", "a.b"):
        assert re.search(pattern, name)
    for name in ("healthxreplies", "health.replies2", "x.health.replies", "a.b\n", "", "a"):
        assert not re.search(pattern, name)
    assert any_of([]) == "^$"


def test_no_pattern_is_too_long_for_the_broker(full_topology: Topology) -> None:
    patterns = [pattern for account in every_account(full_topology) for pattern in account.writes.values()]
    assert max(map(len, patterns)) < LONGEST_PATTERN


def test_rights_of_one_account_become_the_brokers_own_format() -> None:
    account = BrokerAccount(name="one", reads=("one",), writes={"events": any_of(["one.a.v1"])})

    said = permissions.permissions([account])

    right = {"user": "one", "vhost": "/", "configure": "^$", "write": r"^(events)\z", "read": r"^(one)\z"}
    assert said["permissions"] == [right]
    topic = {"user": "one", "vhost": "/", "exchange": "events", "write": r"^(one\.a\.v1)\z", "read": "^$"}
    assert said["topic_permissions"] == [topic]


def test_passwords_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys" / "broker"

    first = ensure_passwords(folder, ["health", "civil"])

    assert ensure_passwords(folder, ["civil", "health"]) == first
    assert len(set(first.values())) == len(first)
    assert all(len(password) >= 32 for password in first.values())
    assert {mode(path) for path in folder.iterdir()} == {OWNER_ONLY}
    assert mode(folder) == 0o700


def test_the_broker_stores_salt_and_hash() -> None:
    stored = base64.b64decode(hashed("secret"))

    assert stored[4:] == hashlib.sha256(stored[:4] + b"secret").digest()
    assert hashed("secret") != hashed("secret")


def test_the_nodes_definitions_name_the_administrator_as_it_makes_no_account_by_itself(tmp_path: Path) -> None:
    layout = Layout(tmp_path / 'a "quoted" folder')
    broker.prepare(layout, Ports())
    path = layout.broker / "definitions.json"

    said = json.loads(path.read_text(encoding="utf-8"))

    assert mode(path) == OWNER_ONLY
    assert said["users"][0]["name"] == "administrator"
    assert said["users"][0]["tags"] == ["administrator"]
    assert "guest" not in {user["name"] for user in said["users"]}
    assert {user["user"] for user in said["permissions"]} == {user["name"] for user in said["users"]}
    assert r"a \"quoted\" folder" in (layout.broker / "broker.config").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mayor", "", "../issuer.pem", "definitions.json", "HEALTH"])
def test_there_is_no_address_for_an_account_that_does_not_exist(tmp_path: Path, name: str) -> None:
    ensure_passwords(tmp_path, ["health"])
    (tmp_path / "definitions.json").touch()
    with pytest.raises(StackError, match="no broker account"):
        account_url("amqp://broker/", tmp_path, name)


def test_an_address_leads_to_the_same_broker_with_another_account() -> None:
    url = "amqps://somebody:p%40ss@broker.example:5671/test?heartbeat=10"
    assert address(url, "health", "s_-1") == "amqps://health:s_-1@broker.example:5671/test?heartbeat=10"
    assert address("amqp://broker/", "health", "s") == "amqp://health:s@broker/"


def test_a_department_is_handed_its_address_its_keys_and_its_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("AMQP_URL", "amqp://somebody:secret@broker.example/")
    password = ensure_passwords(tmp_path / "keys" / "broker", ["health"])["health"]

    assert department_account.main(["health"]) == 0
    page = capsys.readouterr().out
    assert department_account.main(["health", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert department_account.main(["health", "--url"]) == 0

    assert capsys.readouterr().out == f"amqp://health:{password}@broker.example/%2F\n"
    assert found["amqp_url"] == f"amqp://health:{password}@broker.example/%2F"
    assert found["replies"] == "health.replies"
    assert found["routing_keys"] == keys_of("health.department")
    assert found["person_keys"] == str(tmp_path / "keys" / "person-keys.json")
    assert all(text in page for text in ("卫生 Health", found["amqp_url"], "/yizheng/health", "birth-certificate"))


def test_a_department_is_handed_an_address_for_each_node_of_a_broker_with_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("AMQP_URL", "amqps://somebody:secret@one.example:5671,two.example/")
    account = f"amqps://health:{ensure_passwords(tmp_path / 'keys' / 'broker', ['health'])['health']}"
    one, two = f"{account}@one.example:5671/%2F", f"{account}@two.example/%2F"

    assert department_account.main(["health", "--url"]) == 0
    assert capsys.readouterr().out == f"{one}\n"
    assert department_account.main(["health", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["amqp_url"], found["amqp_urls"]) == (one, [one, two])
    assert department_account.main(["health"]) == 0
    page = capsys.readouterr().out
    assert f"AMQP_URL='{one}'\n" in page
    assert f"'{two}'\n" in page

    monkeypatch.setenv("AMQP_URL", "amqps://somebody:secret@one.example:5671,/")
    assert department_account.main(["health"]) == 2
    assert "no host with a port" in capsys.readouterr().err


def test_an_address_names_its_virtual_host() -> None:
    assert (
        department_account.in_full("amqp://broker")
        == department_account.in_full("amqp://broker/")
        == "amqp://broker/%2F"
    )
    assert department_account.in_full("amqps://broker:5671/test?heartbeat=9") == "amqps://broker:5671/test?heartbeat=9"


def test_an_unknown_department_is_refused_with_those_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(tmp_path))
    assert department_account.main(["mayor"]) == 2
    assert "no department 'mayor'; DEPARTMENT is one of city, psb" in capsys.readouterr().err
    assert not (tmp_path / "keys").exists()


def test_the_owner_of_another_broker_gets_the_accounts_for_its_virtual_host_without_the_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], full_topology: Topology
) -> None:
    monkeypatch.setenv("YIZHENG_BROKER_ACCOUNTS", str(tmp_path / "accounts"))
    monkeypatch.setenv("AMQP_URL", "amqps://yizheng:secret@broker.example/test%2Fone")

    assert broker_accounts.main() == 0

    path = tmp_path / "accounts" / broker_accounts.FILE
    said = json.loads(path.read_text(encoding="utf-8"))
    assert str(path) in capsys.readouterr().out
    assert mode(path) == OWNER_ONLY
    assert {user["name"] for user in said["users"]} == {*full_topology.departments, *full_topology.parties}
    assert said["vhosts"] == [{"name": "test/one"}]
    assert {each["vhost"] for each in (*said["permissions"], *said["topic_permissions"])} == {"test/one"}


@pytest.mark.parametrize(
    ("amqp_url", "vhost"),
    [("", "/"), ("amqp://broker", "/"), ("amqp://broker/", "/"), ("amqp://b/%2F", "/"), ("amqp://b/one", "one")],
)
def test_the_virtual_host_is_what_the_address_says(amqp_url: str, vhost: str) -> None:
    assert broker_accounts.vhost_of(amqp_url) == vhost


@pytest.mark.parametrize("name", ["matcher", "operations", "administrator"])
def test_containers_get_an_address_for_each_account_with_passwords_that_stay(tmp_path: Path, name: str) -> None:
    ensure_secrets(tmp_path)
    first = (tmp_path / "broker" / "health").read_text(encoding="ascii")
    ensure_secrets(tmp_path)

    said = json.loads((tmp_path / DEFINITIONS).read_text(encoding="utf-8"))
    known = next(user for user in said["users"] if user["name"] == name)
    url = urlsplit((tmp_path / name / "AMQP_URL").read_text(encoding="ascii"))
    stored = base64.b64decode(known["password_hash"])
    assert url.username == name
    assert stored[4:] == hashlib.sha256(stored[:4] + (url.password or "").encode()).digest()
    assert (tmp_path / "broker" / "health").read_text(encoding="ascii") == first
    assert mode(tmp_path / "broker" / "health") == OWNER_ONLY
    assert mode(tmp_path / "issuer.pem") == 0o400


def test_what_the_container_loads_is_the_secret_that_is_mounted() -> None:
    text = (ROOT / "deploy" / "broker" / "definitions.conf").read_text(encoding="utf-8")
    assert f"load_definitions = /run/secrets/{DEFINITIONS}\n" in text


def test_two_starts_hash_anew_and_keep_the_password(tmp_path: Path) -> None:
    first, second = definitions(tmp_path), definitions(tmp_path)
    assert first["permissions"] == second["permissions"]
    assert first["users"][0]["password_hash"] != second["users"][0]["password_hash"]
    assert topology.load(permissions.TOPOLOGY).departments


def test_containers_speak_tls_to_broker_and_store_with_certificates_that_count(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)

    authority = x509.load_pem_x509_certificate((tmp_path / "tls" / "authority.pem").read_bytes())
    for kind, file in (("broker", "AMQP_URL"), ("store", "MONGODB_URL")):
        url = (tmp_path / "matcher" / file).read_text(encoding="ascii")
        assert safe(url, authority=tmp_path / "tls" / "authority.pem").endswith("authority.pem")
        hosts = [place.partition(":")[0] for place in urlsplit(url).netloc.rpartition("@")[2].split(",")]
        assert hosts == [f"{kind}-{number}" for number in (1, 2, 3)]
        certificate = x509.load_pem_x509_certificate((tmp_path / "tls" / f"{kind}.pem").read_bytes())
        certificate.verify_directly_issued_by(authority)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert set(hosts) <= set(names.get_values_for_type(x509.DNSName))
