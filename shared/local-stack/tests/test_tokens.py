from __future__ import annotations

import json
from pathlib import Path

import jwt
import pytest

from local_stack import tokens
from local_stack.container_secrets import DEFINITIONS, ensure_secrets
from local_stack.devices import Device, device_of, key_path
from local_stack.failure import StackError
from local_stack.keys import ensure_keys, rotate_issuer_key
from store import master_keys
from store.blind_index import BlindIndex
from web.auth import NotAuthenticatedError, Principal, Role
from web.proof import Call, check
from web.tokens import Verifier


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    ensure_keys(folder)
    return folder


@pytest.fixture
def verifier(keys: Path) -> Verifier:
    return Verifier(jwks=str(keys / "jwks.json"), issuer=tokens.ISSUER, audience=tokens.AUDIENCE)


async def test_a_service_knows_from_a_token_who_is_calling(keys: Path, verifier: Verifier) -> None:
    token = tokens.sign(keys, "reviewer", subject="rev-7", departments=["health", "edu"], communities=["dalang"])
    assert await verifier.verify(token) == Principal(
        "rev-7", Role.REVIEWER, frozenset({"health", "edu"}), frozenset({"dalang"})
    )


async def test_a_token_can_be_made_that_has_expired(keys: Path, verifier: Verifier) -> None:
    with pytest.raises(NotAuthenticatedError, match="expired-token"):
        await verifier.verify(tokens.sign(keys, "clerk", hours=-1))


async def test_a_token_of_another_installation_is_not_accepted(tmp_path: Path, verifier: Verifier) -> None:
    ensure_keys(tmp_path / "elsewhere")
    with pytest.raises(NotAuthenticatedError, match="bad-token"):
        await verifier.verify(tokens.sign(tmp_path / "elsewhere", "clerk"))


async def test_the_issuers_key_is_rotated_while_services_run(keys: Path, verifier: Verifier) -> None:
    before = tokens.sign(keys, "clerk")
    rotate_issuer_key(keys)
    after = tokens.sign(keys, "clerk")
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert (await verifier.verify(before)).role == (await verifier.verify(after)).role == Role.CLERK

    rotate_issuer_key(keys)
    assert (await verifier.verify(after)).role == Role.CLERK
    with pytest.raises(NotAuthenticatedError, match="bad-token"):
        await verifier.verify(before)


def test_every_role_that_services_know_can_be_asked_for() -> None:
    assert set(tokens.ROLES) == set(Role)


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(keys: Path) -> None:
    with pytest.raises(StackError, match=r"no role 'mayor'; ROLE is one of resident, clerk"):
        tokens.sign(keys, "mayor")


def test_the_command_prints_the_token_and_nothing_else(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    named = ["--subject", "grid-03", "--communities", "440309001001, 440309002007"]
    assert tokens.main(["--role", "grid-officer", *named]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})
    assert (claims["sub"], claims["role"]) == ("grid-03", "grid-officer")
    assert claims["communities"] == ["440309001001", "440309002007"]


def test_a_token_of_staff_is_bound_to_a_key_of_its_own_and_says_which(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    bound_to = set()
    for name in ("chen", "../chen", "li/chen"):
        assert tokens.main(["--role", "operator", "--subject", name]) == 0
        said = capsys.readouterr()
        assert str(key_path(keys, name)) in said.err
        assert key_path(keys, name).parent == keys / "devices"
        device = device_of(keys, said.out.strip())
        assert device is not None
        bound_to.add(device.thumbprint)
    assert len(bound_to) == 3
    assert device_of(keys, tokens.sign(keys, "resident", subject="res_1")) is None
    assert tokens.main(["--role", "operator", "--subject", "chen", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_what_the_operators_page_takes_is_a_token_with_a_proof_for_it(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    monkeypatch.setenv("GATEWAY", "https://edge.test")
    assert tokens.main(["--role", "operator", "--subject", "chen", "--page"]) == 0
    token, _, proof = capsys.readouterr().out.strip().partition("~")
    check(proof, Device(keys, "chen").thumbprint, Call("GET", "https://edge.test/operations/", token))


@pytest.mark.parametrize("role", sorted(tokens.STAFF))
def test_staff_are_by_default_who_typed_the_command(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], role: str
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    monkeypatch.setattr("getpass.getuser", lambda: "chen")
    assert tokens.main(["--role", role]) == 0
    said = capsys.readouterr()
    assert jwt.decode(said.out.strip(), options={"verify_signature": False})["sub"] == "chen"
    assert "chen" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "resident"], "resident needs SUBJECT"),
        (["--role", "resident", "--subject", "zhang"], "'zhang' is no resident"),
        (["--role", "terminal"], "terminal needs SUBJECT"),
        (["--role", "department"], "DEPARTMENT is one of city, psb, civil, health"),
        (["--role", "department", "--subject", "mayor"], "there is no department 'mayor'"),
        (["--role", "department", "--subject", "service-hall"], "there is no department 'service-hall'"),
        (["--role", "department", "--departments", "health,mayor"], "DEPARTMENTS is one or more of city, psb"),
        (["--role", "reviewer", "--subject", "r", "--departments", "helth"], "there is no department 'helth'"),
        (["--role", "grid-officer", "--subject", "g", "--communities", "dalang"], "440309002007"),
    ],
)
def test_nobody_who_does_not_exist_gets_a_token(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    assert tokens.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err


@pytest.mark.parametrize(
    "office", ["service-hall", "community", "health-lead", "office-minzhi", "district-supervision"]
)
def test_every_office_that_tasks_go_to_has_reviewers(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], office: str
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    assert tokens.main(["--role", "reviewer", "--subject", "hall-1", "--departments", office]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})
    assert claims["departments"] == [office]


@pytest.mark.parametrize("arguments", [["--subject", "health"], ["--departments", "health"]])
def test_a_department_is_named_by_its_code(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    assert tokens.main(["--role", "department", *arguments]) == 0
    assert jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})["sub"] == "health"


def test_the_command_without_a_role_lists_the_roles(
    keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YIZHENG_VAR", str(keys.parent))
    assert tokens.main([]) == 2
    assert "grid-officer" in capsys.readouterr().err


def test_the_keys_are_made_once_and_are_their_owners_only(keys: Path) -> None:
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    ensure_keys(keys)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert keys.stat().st_mode & 0o777 == 0o700


def test_the_services_can_use_the_keys(keys: Path) -> None:
    assert len(BlindIndex.from_file(keys / "blind-index.key").of("440309199001010013")) == 64
    assert master_keys.read(keys, None).newest.startswith("local:")


def test_the_public_keys_hold_nothing_secret(keys: Path) -> None:
    (key,) = json.loads((keys / "jwks.json").read_text())["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_the_secrets_of_the_containers_are_made_once(tmp_path: Path) -> None:
    def secrets() -> dict[str, str]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {str(path): path.read_text() for path in files if path.name != DEFINITIONS}  # made of the others, anew

    ensure_secrets(tmp_path)
    before = secrets()
    ensure_secrets(tmp_path)
    assert secrets() == before
    assert (tmp_path / "store" / "matcher").read_text().strip() in (tmp_path / "matcher" / "MONGODB_URL").read_text()
    imported = json.loads((tmp_path / DEFINITIONS).read_text())["users"]
    assert {"administrator", "matcher", "health"} <= {user["name"] for user in imported}
