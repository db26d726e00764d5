"""A token of staff that is bound to its sender's key is worth nothing to anybody else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm

from runtime.texts import Texts
from web import problems
from web.auth import Principal, Role, allow
from web.proof import TYPE, content_digest, digest, thumbprint
from web.rates import DEFAULT, RateLimit
from web.tokens import Verifier

ISSUER, SENDER, THIEF = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
HOME = "https://edge"


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def token(key: ec.EllipticCurvePrivateKey | None = SENDER, role: str = "operator", **also: object) -> str:
    now = int(time.time())
    claims: dict[str, object] = {"iss": "i", "aud": "a", "sub": "s", "role": role, "iat": now, "exp": now + 900}
    bound = {"cnf": {"jkt": thumbprint(jwk(key))}} if key else {}
    return jwt.encode({**claims, **bound, **also}, ISSUER, "ES256", headers={"kid": "k"})


def proof(of: str, key: ec.EllipticCurvePrivateKey = SENDER, **changes: object) -> str:
    claims = {"jti": "a" * 16, "htm": "GET", "htu": f"{HOME}/secrets", "iat": int(time.time()), "ath": digest(of)}
    return jwt.encode({**claims, **changes}, key, "ES256", headers={"typ": TYPE, "jwk": jwk(key)})


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [{**jwk(ISSUER), "kid": "k", "use": "sig"}]}))
    app = FastAPI()
    app.state.verifier = Verifier(jwks=str(tmp_path / "jwks.json"), issuer="i", audience="a", bound=[Role.OPERATOR])
    app.state.rate_limit = RateLimit.from_file(DEFAULT)

    @app.get("/secrets")
    async def secrets(by: Annotated[Principal, allow(*Role)]) -> str:
        return by.role

    @app.get("/secrets/{name}")
    async def secret(name: str, by: Annotated[Principal, allow(*Role)]) -> str:
        return f"{by.role} {name}"

    @app.post("/rights")
    async def rights(by: Annotated[Principal, allow(Role.REVIEWER, signed=True)]) -> str:
        assert by.signed is not None
        return by.signed.body

    problems.install(app, Texts.of("standards", "runtime"))
    return app


async def answer(app: FastAPI, scheme: str, text: str, dpop: str = "", path: str = "/secrets") -> tuple[int, str]:
    headers = {"Authorization": f"{scheme} {text}"} | ({"DPoP": dpop} if dpop else {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME) as client:
        found = await client.get(path, headers=headers)
    said = found.json()
    return found.status_code, said if isinstance(said, str) else said["code"]


async def test_its_sender_gets_in_by_the_standards_own_proof(app: FastAPI) -> None:
    mine = token()
    assert await answer(app, "DPoP", mine, proof(mine)) == (200, "operator")


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
async def test_who_has_only_the_token_gets_nowhere(app: FastAPI, scheme: str) -> None:
    stolen = token()
    assert await answer(app, scheme, stolen) == (401, "proof-missing")
    assert (await answer(app, scheme, stolen, proof(stolen, THIEF)))[0] == 401
    assert await answer(app, "Bearer", stolen, proof(stolen)) == (401, "proof-missing")  # RFC 9449, 7.1


@pytest.mark.parametrize(
    "changes",
    [{"htm": "POST"}, {"htu": f"{HOME}/other"}, {"htu": "https://elsewhere/secrets"}, {"iat": int(time.time()) - 120},
     {"ath": digest("another")}, {"ath": None}],
    ids=["method", "path", "host", "old", "token", "no token"],
)  # fmt: skip
async def test_a_proof_of_something_else_counts_for_nothing(app: FastAPI, changes: dict[str, Any]) -> None:
    mine = token()
    assert await answer(app, "DPoP", mine, proof(mine, **changes)) == (401, "proof-bad")


@pytest.mark.parametrize("name", ["%E6%A2%85", "a%20b", "%24gt", "a%2541"])
async def test_an_address_is_compared_as_it_was_sent_however_it_is_written(app: FastAPI, name: str) -> None:
    mine, path = token(), f"/secrets/{name}"
    assert await answer(app, "DPoP", mine, proof(mine, htu=f"{HOME}{path}"), path) == (200, f"operator {unquote(name)}")
    other = proof(mine, htu=f"{HOME}/secrets/{unquote(unquote(name))}x")
    assert await answer(app, "DPoP", mine, other, path) == (401, "proof-bad")


async def test_the_same_address_in_another_spelling_is_the_same(app: FastAPI) -> None:
    mine = token()
    assert (await answer(app, "DPoP", mine, proof(mine, htu=f"{HOME}/secrets/%41b"), "/secrets/Ab"))[0] == 200
    assert (await answer(app, "DPoP", mine, proof(mine, htu=f"{HOME}/secrets/A"), "/secrets/%2541"))[0] == 401


async def test_a_token_that_is_not_bound_is_refused_where_its_role_must_have_a_bound_one(app: FastAPI) -> None:
    assert await answer(app, "Bearer", token(None)) == (401, "unbound-token")
    assert await answer(app, "Bearer", token(None, "terminal")) == (401, "unbound-token")
    assert await answer(app, "Bearer", token(None, "reviewer")) == (200, "reviewer")  # not named here
    by_certificate = token(None, "reviewer", cnf={"x5t#S256": "A" * 43})
    assert await answer(app, "Bearer", by_certificate) == (401, "bad-token")  # bound, but not to what we can check


async def test_a_terminal_still_counts_its_proofs(app: FastAPI) -> None:
    of_terminal = token(role="terminal")
    assert await answer(app, "DPoP", of_terminal, proof(of_terminal)) == (401, "proof-bad")
    assert await answer(app, "DPoP", of_terminal, proof(of_terminal, ctr=1)) == (200, "terminal")


async def test_what_gives_a_right_is_taken_only_signed_with_its_body(app: FastAPI) -> None:
    mine, body = token(role="reviewer"), b'{"fields": {}}'

    async def given(text: str, **changes: object) -> tuple[int, str]:
        said: dict[str, Any] = {"htm": "POST", "htu": f"{HOME}/rights"} | changes
        scheme = "Bearer" if text != mine else "DPoP"
        headers = {"Authorization": f"{scheme} {text}"} | ({"DPoP": proof(text, **said)} if text == mine else {})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME) as client:
            found = await client.post("/rights", content=body, headers=headers)
        answered = found.json()
        return found.status_code, answered if isinstance(answered, str) else answered["code"]

    assert await given(mine, content_digest=content_digest(body)) == (200, body.decode())
    assert await given(mine) == (401, "content-not-signed")
    assert await given(mine, content_digest=content_digest(b"{}")) == (401, "content-not-signed")
    assert await given(token(None, "reviewer")) == (401, "unbound-token")
    assert await given(token(None, "clerk")) == (403, "wrong-role")
