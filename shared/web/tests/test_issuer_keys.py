"""The issuer's keys: rotated, unreachable, slow, forged; with a small issuer that answers over HTTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from runtime.data_files import DataFileError
from testkit.patience import IN_TIME, PATIENCE
from web import tokens
from web.auth import NotAuthenticatedError
from web.issuer_keys import RemoteKeys, algorithm_of, open_keys, read
from web.tokens import Verifier

FIRST, SECOND = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def jwk(key: ec.EllipticCurvePrivateKey, kid: str, **also: str) -> dict[str, Any]:
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **also}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """Answers every request with `body`, after `delay`; counts the requests and those under way."""

    def __init__(self) -> None:
        self.body, self.status, self.delay = key_set(jwk(FIRST, "k1")), 200, 0.0
        self.asked = self.under_way = self.most_under_way = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay)  # an issuer that takes its time is what is tested
            head = f"HTTP/1.1 {self.status} X\r\nLocation: /x\r\nContent-Length: {len(self.body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + self.body)
            await writer.drain()
        except ConnectionError:
            pass  # whoever asked has gone
        finally:
            self.under_way -= 1
            writer.close()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    running = Issuer()
    await running.start()
    yield running
    await running.stop()


async def found(keys: RemoteKeys, kid: str = "k1") -> bool:
    """Look for a key until it is there: the machine may take longer than a request is made to wait."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if await keys.find(kid):
                    return True
            except ConnectionError:
                pass  # not even the first ones yet
            await asyncio.sleep(0.01)


async def asked_again(issuer: Issuer, keys: RemoteKeys) -> None:
    """Look for a key that is known until the issuer was asked twice more, so that one answer was surely read."""
    enough = issuer.asked + 2
    async with asyncio.timeout(PATIENCE):
        while issuer.asked < enough:
            assert await keys.find("k1")
            await asyncio.sleep(0.005)


async def test_a_new_key_is_found_at_its_first_use_and_a_withdrawn_one_no_longer(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.address, pause=0)
    assert await found(keys)

    issuer.body = key_set(jwk(SECOND, "k2"))

    assert await found(keys, "k2")
    assert await keys.find("k1") is None


async def test_strangers_keys_make_us_ask_the_issuer_once_in_a_while_only(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.address, pause=60)
    await found(keys)

    strangers = await asyncio.gather(*(keys.find(f"invented-{n}") for n in range(200)))

    assert set(strangers) == {None}
    assert issuer.asked == 1


async def test_keys_go_on_working_while_the_issuer_is_down_or_talks_nonsense(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.address, fresh=0, pause=0)
    await found(keys)
    for status, body in [(500, b"{}"), (200, b"<html>"), (200, b'{"keys": []}'), (200, b'{"keys": [{"kty": "EC"}]}')]:
        issuer.status, issuer.body = status, body
        await asked_again(issuer, keys)
    await issuer.stop()

    assert await keys.find("k1")
    assert await keys.find("k2") is None

    issuer.status, issuer.body = 200, key_set(jwk(FIRST, "k1"), jwk(SECOND, "k2"))
    await issuer.start()
    assert await found(keys, "k2")


async def test_without_any_keys_nobody_is_called_a_forger(issuer: Issuer) -> None:
    await issuer.stop()
    keys = RemoteKeys(issuer.address, pause=0)

    with pytest.raises(ConnectionError):
        await keys.find("k1")

    await issuer.start()
    assert await found(keys)


async def test_a_slow_issuer_holds_up_nobody_whose_key_is_known(issuer: Issuer) -> None:
    keys = RemoteKeys(issuer.address, fresh=0, pause=0, patience=0.2)
    await found(keys)
    issuer.delay = 2 * IN_TIME

    begun = time.monotonic()
    known = await asyncio.gather(*(keys.find("k1") for _ in range(200)))
    unknown = await asyncio.gather(*(keys.find(f"invented-{n}") for n in range(200)))

    assert all(known)
    assert not any(unknown)
    assert time.monotonic() - begun < IN_TIME
    assert issuer.most_under_way == 1


async def test_a_key_set_without_end_is_given_up(issuer: Issuer) -> None:
    issuer.body = key_set(jwk(FIRST, "k1", note="x" * 300_000))

    with pytest.raises(ConnectionError):
        await RemoteKeys(issuer.address).find("k1")


async def test_an_issuer_that_sends_us_elsewhere_is_not_followed(issuer: Issuer) -> None:
    issuer.status = 302

    with pytest.raises(ConnectionError):
        await RemoteKeys(issuer.address).find("k1")
    assert issuer.asked == 1


async def test_keys_of_a_file_are_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set(jwk(FIRST, "k1")))
    keys = open_keys(str(path))
    assert await keys.find("k1")

    path.write_bytes(key_set(jwk(SECOND, "k2")) + b"\n")
    assert await keys.find("k2")
    assert await keys.find("k1") is None

    path.write_bytes(b"half of a fi")
    assert await keys.find("k2")


@pytest.mark.parametrize("where", ["http://issuer.example/jwks", "ftp://issuer.example/jwks", "no/such/file.json"])
def test_keys_come_from_a_file_or_under_tls(where: str) -> None:
    with pytest.raises(DataFileError):
        open_keys(where)


def test_each_key_has_the_one_algorithm_that_fits_it() -> None:
    ed = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)
    wide = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
    narrow = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)  # noqa: S505 - refused
    listed = [
        jwk(FIRST, "ec"),
        {**ed, "kid": "ed"},
        {**wide, "kid": "rsa"},
        {**wide, "kid": "pss", "alg": "PS256"},
        {**narrow, "kid": "narrow"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        jwk(FIRST, "confused", alg="HS256"),
        jwk(FIRST, "other-curve", alg="ES384"),
        {**jwk(FIRST, "enc"), "use": "enc"},
        {**wide, "kid": "none", "alg": "none"},
    ]

    found = {kid: key.algorithm_name for kid, key in read(key_set(*listed)).items()}

    assert found == {"ec": "ES256", "ed": "EdDSA", "rsa": "RS256", "pss": "PS256"}
    assert algorithm_of({"kty": "EC", "crv": "secp256k1"}) is None


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_the_algorithm_is_the_keys_never_the_tokens(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(key_set(jwk(FIRST, "k1")))
    verifier = Verifier(jwks=str(path), issuer="https://issuer.test", audience="yizheng")
    now = int(time.time())
    claims = {"iss": "https://issuer.test", "aud": "yizheng", "sub": "x", "role": "clerk", "iat": now, "exp": now + 60}
    good = jwt.encode(claims, FIRST, "ES256", headers={"kid": "k1"})
    body = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(claims)}"
    public = FIRST.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = base64.urlsafe_b64encode(hmac.digest(public, body.encode(), hashlib.sha256)).rstrip(b"=").decode()

    assert (await verifier.verify(good)).subject == "x"
    for forged in (
        f"{body}.{mac}",
        f"{_part({'alg': 'none', 'kid': 'k1'})}.{_part(claims)}.",
        jwt.encode(claims, SECOND, "ES256", headers={"kid": "k1", "jwk": jwk(SECOND, "k1")}),
        jwt.encode(claims, FIRST, "ES256"),
        jwt.encode(claims, FIRST, "ES256", headers={"kid": "../k1"}),
        jwt.encode({**claims, "sub": ""}, FIRST, "ES256", headers={"kid": "k1"}),
        jwt.encode({**claims, "departments": "health"}, FIRST, "ES256", headers={"kid": "k1"}),
        jwt.encode({**claims, "aud": ["another"]}, FIRST, "ES256", headers={"kid": "k1"}),
        jwt.encode({**claims, "iss": "https://another.test"}, FIRST, "ES256", headers={"kid": "k1"}),
    ):
        with pytest.raises(NotAuthenticatedError, match="bad-token"):
            await verifier.verify(forged)
    for code, times in (("early", {"nbf": now + 600}), ("early", {"iat": now + 600}), ("expired", {"exp": now - 600})):
        with pytest.raises(NotAuthenticatedError, match=f"{code}-token"):
            await verifier.verify(jwt.encode({**claims, **times}, FIRST, "ES256", headers={"kid": "k1"}))


class Verified:
    """A verifier with one key in its file, and how often it has looked into a token."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "jwks.json"
        self.path.write_bytes(key_set(jwk(FIRST, "k1")))
        self.verifier = Verifier(jwks=str(self.path), issuer="https://issuer.test", audience="yizheng", leeway=60)
        self.now = time.time()
        self.checks = 0
        decode = jwt.decode

        def counted(*rest: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on as they came
            self.checks += 1
            return decode(*rest, **named)

        monkeypatch.setattr(jwt, "decode", counted)
        monkeypatch.setattr(tokens, "time", lambda: self.now)

    def token(self, **claims: object) -> str:
        now = int(time.time())
        said = {
            "iss": "https://issuer.test",
            "aud": "yizheng",
            "sub": "x",
            "role": "clerk",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode({**said, **claims}, FIRST, "ES256", headers={"kid": "k1"})


@pytest.fixture
def verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verified:
    return Verified(tmp_path, monkeypatch)


async def test_a_good_token_is_checked_once_and_a_bad_one_each_time(verified: Verified) -> None:
    token = verified.token()
    first = await verified.verifier.verify(token)
    assert [await verified.verifier.verify(token) for _ in range(3)] == [first] * 3
    assert verified.checks == 1

    for _ in range(2):
        with pytest.raises(NotAuthenticatedError):
            await verified.verifier.verify(verified.token(aud="another"))
    assert verified.checks == 3
    await verified.verifier.verify(verified.token(sub="y"))
    assert verified.checks == 4
    with pytest.raises(NotAuthenticatedError):
        await verified.verifier.verify(f"{token[:-10]}AAAAAAAAAA")


@pytest.mark.parametrize(("ahead", "checks"), [(600 + 58, 1), (600 + 61, 2), (-58, 1), (-62, 2)])
async def test_a_token_is_looked_into_again_when_it_has_ended_or_has_not_begun_by_our_clock(
    verified: Verified, ahead: float, checks: int
) -> None:
    token = verified.token()
    await verified.verifier.verify(token)
    verified.now += ahead

    await verified.verifier.verify(token)  # by the library's clock it is good

    assert verified.checks == checks


async def test_a_remembered_token_is_refused_as_soon_as_its_key_is_gone_or_another_has_its_name(
    verified: Verified,
) -> None:
    token = verified.token()
    await verified.verifier.verify(token)

    for keys in (key_set(jwk(SECOND, "k2")), key_set(jwk(SECOND, "k1"))):
        verified.path.write_bytes(keys)
        with pytest.raises(NotAuthenticatedError, match="bad-token"):
            await verified.verifier.verify(token)

    verified.path.write_bytes(key_set(jwk(FIRST, "k1"), jwk(SECOND, "k2")))
    assert (await verified.verifier.verify(token)).subject == "x"


async def test_of_many_tokens_the_latest_are_remembered(verified: Verified, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_REMEMBERED", 2)
    sent = [verified.token(sub=name) for name in "abc"]
    for token in (*sent, *sent[1:]):
        await verified.verifier.verify(token)
    assert verified.checks == 3
    await verified.verifier.verify(sent[0])
    assert verified.checks == 4
