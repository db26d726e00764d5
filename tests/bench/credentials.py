"""What signing and verifying a credential cost, against nothing but the signature itself, and verification over HTTP.

The yardstick is one ES256 signature, or its check, over as many bytes, with the `cryptography` library alone.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from bus.event import Outcome
from credential_store.config import Settings
from credential_store.domain import signed, versions
from credential_store.domain.credential import Credential, CredentialContent, IndexedHolder, Statement
from credential_store.domain.identifiers import credential_id
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.verdict import VerificationRequest, judge
from credential_store.handlers.dependencies import Deps
from credential_store.main import create_app
from tests.bench.figures import Figure, in_turns, ratio_of

TIMES = 1_000
CALLS = 400
AT_ONCE = 8
VERIFYING_GOAL = 0.3
INDEX = "9f" * 32
CURVE = ec.ECDSA(hashes.SHA256())


async def credentials(amqp_url: str, mongodb_url: str, keys: Path, rounds: int) -> list[Figure]:
    """Sign and verify in turns with the yardsticks, then over HTTP."""
    app = create_app(
        Settings.model_validate(
            {
                "AMQP_URL": amqp_url,
                "MONGODB_URL": mongodb_url,
                "YIZHENG_KEYS": keys,
                "YIZHENG_JWKS": str(keys / "jwks.json"),
                "YIZHENG_LOG_LEVEL": "error",
                "database": "bench-credentials",
            }
        )
    )
    async with app.router.lifespan_context(app):
        bench = _Bench(app)
        await bench.prepare()
        verified, raw_verified = await in_turns(bench.verify, bench.raw_verify, rounds)
        signed_, raw_signed = await in_turns(bench.sign, bench.raw_sign, rounds)
        called, raw_called = await in_turns(bench.over_http, bench.raw_verify, rounds)
    raw = "one ES256 signature over as many bytes"
    return [
        ratio_of("credentials verified", verified, raw_verified, unit="/s", goal=VERIFYING_GOAL, against=raw),
        ratio_of("credentials signed", signed_, raw_signed, unit="/s", goal=None, against=raw),
        ratio_of("verifications over HTTP, status included", called, raw_called, unit="/s", goal=None, against=raw),
    ]


class _Bench:
    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._deps: Deps = app.state.deps
        self._text = ""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._content = b""
        self._signature = b""

    async def prepare(self) -> None:
        """Keep one credential, of which three fields are shown."""
        self._credential = _credential(self._deps)
        self._place = await self._deps.places.next()
        version = self._sign()
        await self._app.state.runtime.commit(Outcome(changes=[self._deps.signed.save(version)]))
        self._text = version.text
        self._content = SdJwt.read(version.text).signed.encode()
        self._signature = self._key.sign(self._content, CURVE)

    async def verify(self) -> float:
        """Check everything but the status."""
        now, begun = datetime.now(UTC), perf_counter()
        for _ in range(TIMES):
            assert judge(self._text, VerificationRequest(), self._deps.trusted, now).is_valid
        return TIMES / (perf_counter() - begun)

    async def raw_verify(self) -> float:
        """Check a signature, and nothing else."""
        key, begun = self._key.public_key(), perf_counter()
        for _ in range(TIMES):
            key.verify(self._signature, self._content, CURVE)
        return TIMES / (perf_counter() - begun)

    async def sign(self) -> float:
        """Make signed forms, each with salts of its own."""
        begun = perf_counter()
        for _ in range(TIMES):
            self._sign()
        return TIMES / (perf_counter() - begun)

    async def raw_sign(self) -> float:
        """Sign as many bytes."""
        begun = perf_counter()
        for _ in range(TIMES):
            self._key.sign(self._content, CURVE)
        return TIMES / (perf_counter() - begun)

    async def over_http(self) -> float:
        """Have it verified by several callers at a time."""
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            begun = perf_counter()
            await asyncio.gather(*(self._call(client) for _ in range(AT_ONCE)))
            return CALLS / (perf_counter() - begun)

    async def _call(self, client: httpx.AsyncClient) -> None:
        for _ in range(CALLS // AT_ONCE):
            answer = await client.post("/v1/verifications", json={"presentation": self._text})
            assert answer.json()["valid"], answer.text

    def _sign(self) -> signed.SignedVersion:
        it, deps = self._credential, self._deps
        return signed.sign(it, it.issues[0], self._place, deps.issuer, deps.types, datetime.now(UTC))


def _credential(deps: Deps) -> Credential:
    fields = {"number": INDEX, "name": "李育成", "address": "民治街道幸福路1号3栋502", "permit": "440309"}
    content = CredentialContent(fields=dict(fields), origin="grant", valid_from=date(2026, 1, 1), valid_until=None)
    blank = Credential(
        id=credential_id(INDEX, "residence-permit"),
        document_type="residence-permit",
        record="",
        holder=IndexedHolder(resident_id=None, index=INDEX),
    )
    numbering = deps.types.numbering("residence-permit")
    return versions.merge(blank, content, Statement(at=datetime.now(UTC)), numbering)
