from __future__ import annotations

import asyncio
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from runtime.data_files import DataFileError
from web.auth import NotAuthenticatedError, Role
from web.revocation import FRESH, LONGEST, Revocation, open_revocation
from web.tokens import RULES, Verifier, read_rules

MINUTE = 60.0


class Provider:
    """An identity provider that can end a token, and be away."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.ended: set[str] = set()
        self.is_away = False

    def clock(self) -> float:
        return self.now

    async def ask(self, token: str) -> bool:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise ConnectionError("away")
        return token not in self.ended


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def revocation(provider: Provider) -> Revocation:
    return Revocation(provider.ask, provider.clock)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_request_waits_for_the_answer(provider: Provider, revocation: Revocation) -> None:
    provider.ended.add("stolen")
    assert await revocation.counts("good")
    assert not await revocation.counts("stolen")


async def test_many_requests_are_one_question(provider: Provider, revocation: Revocation) -> None:
    assert all(await asyncio.gather(*(revocation.counts("t") for _ in range(50))))
    assert provider.asked == 1


@given(steps=st.lists(st.floats(0.1, 20), min_size=1, max_size=40), ends=st.integers(0, 30))
async def test_what_is_ended_counts_no_longer_than_a_minute_however_it_is_used(steps: list[float], ends: int) -> None:
    provider = Provider()
    revocation = Revocation(provider.ask, provider.clock)
    ended_at = None
    for number, step in enumerate(steps):
        if number == ends:
            provider.ended.add("t")
            ended_at = provider.now
        if await revocation.counts("t"):
            assert ended_at is None or provider.now - ended_at <= LONGEST < MINUTE
        await settled()
        provider.now += step


async def test_what_is_not_used_for_long_is_asked_before_it_is_answered(
    provider: Provider, revocation: Revocation
) -> None:
    assert await revocation.counts("t")
    provider.ended.add("t")
    provider.now += 8 * 3600
    assert not await revocation.counts("t")


async def test_while_the_provider_is_away_the_last_answer_lasts_for_a_moment_and_then_nobody_gets_on(
    provider: Provider, revocation: Revocation
) -> None:
    assert await revocation.counts("t")
    provider.is_away = True
    provider.now += FRESH + 1
    assert await revocation.counts("t")
    await settled()
    provider.now += LONGEST
    with pytest.raises(ConnectionError):
        await revocation.counts("t")
    with pytest.raises(ConnectionError):
        await revocation.counts("never seen")
    provider.is_away = False
    assert await revocation.counts("t")


async def test_what_was_ended_stays_ended_while_the_provider_is_away(
    provider: Provider, revocation: Revocation
) -> None:
    provider.ended.add("t")
    assert not await revocation.counts("t")
    provider.is_away = True
    provider.now += MINUTE
    assert not await revocation.counts("t")


@pytest.mark.parametrize("address", ["http://provider.example/introspect", "ftp://127.0.0.1/", "introspect"])
def test_secrets_are_not_told_to_a_plain_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(DataFileError, match="https"):
        open_revocation(address, "us", tmp_path, None)


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"introspection\.key"):
        open_revocation("https://provider.example/introspect", "us", tmp_path, None)
    assert open_revocation("", "us", tmp_path, None) is None


KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    public = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k", "use": "sig"}
    path = tmp_path / "jwks.json"
    path.write_text(str({"keys": [public]}).replace("'", '"'))
    return str(path)


def token(role: str, hours: float) -> str:
    now = int(time.time())
    claims = {"iss": "i", "aud": "a", "sub": "s", "role": role, "iat": now, "exp": now + int(hours * 3600)}
    return jwt.encode(claims, KEY, "ES256", headers={"kid": "k"})


@pytest.mark.parametrize("role", list(Role))
async def test_no_token_lasts_longer_than_one_of_its_role_may(jwks: str, role: Role) -> None:
    verifier = Verifier(jwks=jwks, issuer="i", audience="a")
    longest = read_rules(RULES).of(role).hours
    assert (await verifier.verify(token(role, longest))).role == role
    with pytest.raises(NotAuthenticatedError, match="long-token"):
        await verifier.verify(token(role, longest + 0.01))


@pytest.mark.parametrize("role", list(Role))
async def test_staff_are_checked_with_the_provider(jwks: str, provider: Provider, role: Role) -> None:
    verifier = Verifier(jwks=jwks, issuer="i", audience="a", revocation=Revocation(provider.ask, provider.clock))
    stolen = token(role, 1)
    principal = await verifier.verify(stolen)
    assert await principal.still_counts()
    provider.ended.add(stolen)
    provider.now += MINUTE
    if role in {Role.RESIDENT, Role.TERMINAL, Role.DEPARTMENT}:
        assert (await verifier.verify(stolen)).role == role
        return
    with pytest.raises(NotAuthenticatedError, match="revoked-token"):
        await verifier.verify(stolen)
    assert not await principal.still_counts()


def test_a_file_that_leaves_a_role_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yaml"
    path.write_text("resident: {hours: 12, checked: false}\n")
    with pytest.raises(DataFileError, match="operator"):
        read_rules(path)
