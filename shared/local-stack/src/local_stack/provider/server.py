"""The protocol, as Authlib speaks it: authorization code with PKCE (S256 only), refresh, ID tokens, end of session.

Codes and refresh tokens live in this process's memory: a restart ends all sign-ins, as a development provider's may.
"""

from __future__ import annotations

import json
import secrets
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, grants
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from starlette.responses import JSONResponse, RedirectResponse, Response

from local_stack import tokens
from local_stack.keys import ALGORITHM, PUBLIC_KEYS, issuer_key, key_id
from local_stack.provider.memory import Code, Memory, SignedIn, TokenRenewal
from local_stack.provider.requests import SCOPES, ProviderClient, ProviderRequest

ACCESS_SECONDS = 15 * 60
CODE_SECONDS = 60
SIGN_IN_SECONDS = 12 * 3600
_FOUND = 302


BOUND_TO: ContextVar[str] = ContextVar("bound_to", default="")
"""The thumbprint of the key that the request has proven, and its tokens are bound to (RFC 9449)."""


class ProviderServer(AuthorizationServer):
    """The provider: one client, one key, one memory."""

    def __init__(self, keys: Path, client: ProviderClient) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.keys = keys
        self.client = client
        self.memory = Memory()
        self.register_token_generator("default", self._bearer)
        self.register_grant(CodeGrant, [OnlyS256(required=True), IdTokens(require_nonce=True)])
        self.register_grant(RefreshGrant)
        self.register_endpoint(EndSession(self))

    @property
    def key(self) -> ECKey:
        """The issuer's key, read anew: `make issuer-key` may have made another."""
        private = issuer_key(self.keys)
        return ECKey.import_key(private, {"kid": key_id(private), "alg": ALGORITHM, "use": "sig"})

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """Return what a token of ours says, None where it does not count: ended, or of somebody else."""
        try:
            key_set = KeySet.import_key_set(json.loads((self.keys / PUBLIC_KEYS).read_bytes()))
            claims: dict[str, Any] = jwt.decode(token, key_set, [ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        is_over = claims["exp"] <= time.time()
        return None if is_over or self.memory.ended & {claims.get("sid"), claims.get("jti")} else claims

    def query_client(self, client_id: str) -> ProviderClient | None:
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Remember what a refresh token stands for."""
        refresh = token.get("refresh_token")
        if refresh:
            self.memory.renewals[refresh] = TokenRenewal(refresh, request.user, token["scope"])

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        """Take a request as it is: `app.py` makes them."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:  # noqa: ANN401 - text or a JSON object
        """Make an answer of what the protocol's code says."""
        told = dict(headers)
        if status == _FOUND:
            return RedirectResponse(told["Location"], _FOUND)
        return JSONResponse(body, status, told)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def _bearer(
        self,
        grant_type: str,
        client: ProviderClient,
        user: SignedIn,
        scope: str,
        expires_in: int | None = None,
        *,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        del grant_type, client
        person, seconds, key = user.person, expires_in or ACCESS_SECONDS, BOUND_TO.get()
        bound = {"cnf": {"jkt": key}} if key else {}
        access = tokens.sign(
            self.keys,
            person.role,
            subject=person.subject,
            departments=person.departments,
            communities=person.communities,
            hours=seconds / 3600,
            claims={"sid": user.sid, "auth_time": user.at, "amr": ["none"], **bound},
            bound=False,
        )
        given = {
            "token_type": "DPoP" if bound else "Bearer",
            "access_token": access,
            "expires_in": seconds,
            "scope": scope,
        }
        return {**given, "refresh_token": secrets.token_urlsafe(32)} if include_refresh_token else given


class CodeGrant(grants.AuthorizationCodeGrant):
    """Authorization code."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    server: ProviderServer

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.memory.nonces.add(data["nonce"])
        self.server.memory.codes[code] = Code(
            code,
            request.user,
            request.payload.redirect_uri,
            request.scope,
            data["nonce"],
            data["code_challenge"],
            data["code_challenge_method"],
            time.monotonic() + CODE_SECONDS,
        )

    def query_authorization_code(self, code: str, client: ProviderClient) -> Code | None:
        """Take a code: whoever comes with it again finds none."""
        del client  # there is one only
        found = self.server.memory.codes.pop(code, None)
        return found if found and found.until > time.monotonic() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing more: it is gone since it was asked for."""

    def authenticate_user(self, authorization_code: Code) -> SignedIn:
        return authorization_code.user


class OnlyS256(CodeChallenge):
    """PKCE, always, and never in plain text (RFC 7636; RFC 9700 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse a request that has none."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge' with the method S256 is needed", redirect_uri=redirect_uri)
        super().validate_code_challenge(grant, redirect_uri)


class IdTokens(OpenIDCode):
    """ID tokens."""

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """Tell whether a mark was used before."""
        del request
        return nonce in self._server.memory.nonces

    def __call__(self, grant: CodeGrant) -> None:
        """Join a grant."""
        self._server = grant.server
        super().__call__(grant)

    def resolve_client_private_key(self, client: ProviderClient) -> ECKey:
        del client
        return self._server.key

    def get_encode_header(self, client: ProviderClient) -> dict[str, str]:
        del client
        return {"alg": ALGORITHM, "kid": str(self._server.key.kid)}

    def get_client_claims(self, client: ProviderClient) -> dict[str, Any]:
        """Return what every token says."""
        return {"iss": tokens.ISSUER, "aud": client.client_id, "exp": int(time.time()) + ACCESS_SECONDS}

    def generate_user_info(self, user: SignedIn, scope: str) -> dict[str, Any]:
        """Return what a token says of a person."""
        del scope
        person = user.person
        return {
            "sub": person.subject,
            "name": person.name,
            "role": person.role,
            "departments": list(person.departments),
            "communities": list(person.communities),
            "sid": user.sid,
        }


class RefreshGrant(grants.RefreshTokenGrant):
    """Renewal; each refresh token is good once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: ProviderServer

    def authenticate_refresh_token(self, refresh_token: str) -> TokenRenewal | None:
        """Return what a token stands for, while the sign-in lasts."""
        found = self.server.memory.renewals.get(refresh_token)
        return found if found and time.time() - found.user.at < SIGN_IN_SECONDS else None

    def authenticate_user(self, refresh_token: TokenRenewal) -> SignedIn:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: TokenRenewal) -> None:
        self.server.memory.renewals.pop(refresh_token.token, None)


class EndSession(EndSessionEndpoint):
    """The end of a sign-in, at the wish of the portal (RP-Initiated Logout 1.0)."""

    def get_server_jwks(self) -> KeySet:
        """Return the keys that a hint may be signed with."""
        return KeySet([self.server.key])

    def end_session(self, end_session_request: EndSessionRequest) -> None:
        """Forget the sign-in that the hint is of."""
        claims = end_session_request.id_token_claims or {}
        self.server.memory.end(str(claims.get("sid", "")))
