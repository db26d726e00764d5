"""A token of staff that is bound to its sender's key is worth nothing to anybody else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm

from runtime import problems
from runtime.access import Principal, Role, Verifier, allow
from runtime.proof import TYPE, digest, thumbprint
from runtime.rates import DEFAULT, RateLimit
from runtime.texts import Texts

ISSUER, SENDER, THIEF = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
HOME = "https://edge"


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)


def token(key: ec.EllipticCurvePrivateKey | None = SENDER, role: str = "operator") -> str:
    now = int(time.time())
    claims: dict[str, object] = {"iss": "i", "aud": "a", "sub": "s", "role": role, "iat": now, "exp": now + 900}
    bound = {"cnf": {"jkt": thumbprint(jwk(key))}} if key else {}
    return jwt.encode({**claims, **bound}, ISSUER, "ES256", headers={"kid": "k"})


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

    problems.install(app, Texts.of("standards", "runtime"))
    return app


async def answer(app: FastAPI, scheme: str, text: str, dpop: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"{scheme} {text}"} | ({"DPoP": dpop} if dpop else {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME) as client:
        found = await client.get("/secrets", headers=headers)
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


@pytest.mark.parametrize(
    "changes",
    [{"htm": "POST"}, {"htu": f"{HOME}/other"}, {"htu": "https://elsewhere/secrets"}, {"iat": int(time.time()) - 120},
     {"ath": digest("another")}, {"ath": None}],
    ids=["method", "path", "host", "old", "token", "no token"],
)  # fmt: skip
async def test_a_proof_of_something_else_counts_for_nothing(app: FastAPI, changes: dict[str, Any]) -> None:
    mine = token()
    assert await answer(app, "DPoP", mine, proof(mine, **changes)) == (401, "proof-bad")


async def test_a_token_that_is_not_bound_is_refused_where_its_role_must_have_a_bound_one(app: FastAPI) -> None:
    assert await answer(app, "Bearer", token(None)) == (401, "unbound-token")
    assert await answer(app, "Bearer", token(None, "terminal")) == (401, "unbound-token")
    assert await answer(app, "Bearer", token(None, "reviewer")) == (200, "reviewer")  # not named here


async def test_a_terminal_still_counts_its_proofs(app: FastAPI) -> None:
    of_terminal = token(role="terminal")
    assert await answer(app, "DPoP", of_terminal, proof(of_terminal)) == (401, "proof-bad")
    assert await answer(app, "DPoP", of_terminal, proof(of_terminal, ctr=1)) == (200, "terminal")
