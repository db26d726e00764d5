"""The identity provider as a client sees it: OpenID Connect, authorization code with PKCE, over Authlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from time import monotonic
from typing import Any

import httpx2
from authlib.common.security import generate_token
from authlib.integrations import base_client, httpx_client
from authlib.oidc import core
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.frame.device_key import DeviceKey
from portal.frame.person import SignedInPerson, Tokens
from runtime.clock import Clock
from web.auth import Role

SCOPE = "openid profile offline_access"
_ALGORITHMS = ["ES256", "ES384", "PS256", "RS256"]
_PATIENCE = 5.0
_KEPT = 600.0
"""Seconds for which the discovery document and the keys are believed; a key that is unknown is asked for at once."""
_ANSWERING = 1.0
"""Seconds for which a provider that has answered counts as there, before a browser is sent to it."""
_VERIFIER_LENGTH = 64


class ProviderAway(Exception):
    """The provider can't be reached, or says what it can't mean."""


class SignInRefused(Exception):
    """The provider refused, or what it gave is not good: nobody is signed in."""


class Discovered(BaseModel):
    """What is needed of the discovery document."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    dpop_signing_alg_values_supported: tuple[str, ...] = ()

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """Where it has pages."""
        urls = [httpx2.URL(each) for each in (self.authorization_endpoint, self.end_session_endpoint) if each]
        return tuple(sorted({f"{url.scheme}://{url.netloc.decode()}" for url in urls}))


class Attempt(BaseModel):
    """A sign-in that has begun: what must come back, and where to go on afterwards (`then`, an address of ours)."""

    model_config = ConfigDict(frozen=True)
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    then: str


@dataclass(frozen=True, slots=True)
class ClientRegistration:
    """As whom the portal is known to the provider."""

    discovery: str
    issuer: str
    client_id: str
    client_secret: str


class SignInProvider:
    """One provider. Every method raises ProviderAway when it can't be reached."""

    def __init__(
        self, registration: ClientRegistration, transport: httpx2.AsyncBaseTransport, clock: Clock, key: DeviceKey
    ) -> None:
        self._as = registration
        self._clock = clock
        self._key = key
        self._transport = transport
        self._http = httpx2.AsyncClient(transport=transport, timeout=_PATIENCE)
        self._found: tuple[float, Discovered] | None = None
        self._keys: KeySet | None = None

    async def begin(self, redirect_uri: str, then: str, language: str) -> tuple[str, Attempt]:
        """Return where to send the browser, and what to remember until it comes back."""
        found = await self.discovered(_ANSWERING)
        attempt = Attempt(
            state=generate_token(_VERIFIER_LENGTH),
            nonce=generate_token(_VERIFIER_LENGTH),
            verifier=generate_token(_VERIFIER_LENGTH),
            redirect_uri=redirect_uri,
            then=then,
        )
        async with self._client(redirect_uri) as client:
            address, _ = client.create_authorization_url(
                found.authorization_endpoint,
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                ui_locales=language,
            )
        return str(address), attempt

    async def finish(self, attempt: Attempt, code: str) -> tuple[SignedInPerson, Tokens]:
        """Change the code for tokens, and read who it is. Raises SignInRefused."""
        found = await self.discovered()
        async with self._client(attempt.redirect_uri) as client:
            given = await self._asked(
                client.fetch_token(
                    found.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=attempt.redirect_uri,
                    code_verifier=attempt.verifier,
                )
            )
        tokens = self._tokens(given)
        claims = await self._claims(tokens, attempt.nonce)
        return _person(claims), tokens

    async def renew(self, tokens: Tokens) -> Tokens:
        """Return newer tokens. Raises SignInRefused when the provider has ended the sign-in."""
        found = await self.discovered()
        async with self._client("") as client:
            given = await self._asked(client.refresh_token(found.token_endpoint, refresh_token=tokens.refresh))
        renewed = self._tokens(given)
        return renewed.model_copy(update={"refresh": renewed.refresh or tokens.refresh, "id": renewed.id or tokens.id})

    async def farewell(self, tokens: Tokens, back: str) -> str:
        """Return where the browser ends its sign-in with the provider (RP-initiated logout), `back` without one."""
        found = await self.discovered(_ANSWERING)
        if not found.end_session_endpoint:
            return back
        asked = {"id_token_hint": tokens.id, "client_id": self._as.client_id, "post_logout_redirect_uri": back}
        return str(httpx2.URL(found.end_session_endpoint, params=asked))

    async def discovered(self, seconds: float = _KEPT) -> Discovered:
        """Return what the provider said of itself in these seconds; for our own calls earlier too, while it is away."""
        if self._found is not None and monotonic() - self._found[0] < seconds:
            return self._found[1]
        try:
            answer = await self._http.get(self._as.discovery)
            answer.raise_for_status()
            found = Discovered.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError) as error:
            if self._found is not None and seconds == _KEPT:
                return self._found[1]
            raise ProviderAway(str(error)) from error
        if found.issuer != self._as.issuer:
            raise ProviderAway(f"{self._as.discovery} is of {found.issuer}, not of {self._as.issuer}")
        self._found, self._keys = (monotonic(), found), None
        return found

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the browser is sent at signing in and out, as far as it is known yet."""
        return self._found[1].origins if self._found else ()

    async def close(self) -> None:
        await self._http.aclose()

    def _client(self, redirect_uri: str) -> httpx_client.AsyncOAuth2Client:
        return httpx_client.AsyncOAuth2Client(
            self._as.client_id,
            self._as.client_secret,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            transport=_Kept(self._transport, self._prove),
            timeout=_PATIENCE,
        )

    def _prove(self, method: str, url: str) -> str:
        """Prove the portal's key, where the provider binds tokens to it."""
        supported = self._found[1].dpop_signing_alg_values_supported if self._found else ()
        return self._key.proof(method, url) if "ES256" in supported else ""

    async def _asked(self, asking: Any) -> Mapping[str, Any]:  # noqa: ANN401 - the library's coroutine
        try:
            given: Mapping[str, Any] = await asking
        except base_client.OAuthError as error:
            raise SignInRefused(str(error)) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderAway(str(error)) from error
        return given

    def _tokens(self, given: Mapping[str, Any]) -> Tokens:
        return Tokens(
            access=given["access_token"],
            until=self._clock() + timedelta(seconds=int(given.get("expires_in") or 0)),
            refresh=given.get("refresh_token") or "",
            id=given.get("id_token") or "",
            is_bound=str(given.get("token_type", "")).lower() == "dpop",
        )

    async def _claims(self, tokens: Tokens, nonce: str) -> Mapping[str, Any]:
        """Check the ID token (OpenID Connect Core 3.1.3.7) and return its claims."""
        try:
            try:
                token = jwt.decode(tokens.id, await self._key_set(), _ALGORITHMS)
            except (JoseError, ValueError):  # perhaps of a key that is newer than ours
                self._keys = None
                token = jwt.decode(tokens.id, await self._key_set(), _ALGORITHMS)
            options = {
                "iss": {"essential": True, "value": self._as.issuer},
                "aud": {"essential": True, "value": self._as.client_id},
            }
            params = {"nonce": nonce, "client_id": self._as.client_id, "access_token": tokens.access}
            claims = core.CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(self._clock().timestamp()), leeway=60)
        except (JoseError, ValueError) as error:
            raise SignInRefused(f"the ID token is not good: {error}") from error
        return dict(claims)

    async def _key_set(self) -> KeySet:
        if self._keys is None:
            found = await self.discovered()
            try:
                answer = await self._http.get(found.jwks_uri)
                answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            except (httpx2.HTTPError, ValueError) as error:
                raise ProviderAway(str(error)) from error
        return self._keys


class _Kept(httpx2.AsyncBaseTransport):
    """The provider's connections for a client that lives for one exchange only."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, prove: Callable[[str, str], str]) -> None:
        self._transport = transport
        self._prove = prove

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if proof := self._prove(request.method, str(request.url)):
            request.headers["DPoP"] = proof
        return await self._transport.handle_async_request(request)


def _person(claims: Mapping[str, Any]) -> SignedInPerson:
    try:
        return SignedInPerson(
            subject=claims["sub"],
            role=Role(claims["role"]),
            name=claims.get("name") or "",
            departments=tuple(claims.get("departments") or ()),
            communities=tuple(claims.get("communities") or ()),
        )
    except (KeyError, ValueError) as error:
        raise SignInRefused(f"the ID token names nobody who works or lives here: {error}") from error
