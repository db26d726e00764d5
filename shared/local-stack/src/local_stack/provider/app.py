"""The provider's addresses and its one page."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.errors import OAuth2Error
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local_stack import gateway, tokens
from local_stack.certificates import authority_file
from local_stack.failure import StackError
from local_stack.keys import ALGORITHM, CLIENT_SECRET, PUBLIC_KEYS, SERVICES_SECRET
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.provider import people
from local_stack.provider.memory import SignedIn
from local_stack.provider.people import ProviderPerson
from local_stack.provider.requests import SCOPES, ProviderClient, ProviderRequest
from local_stack.provider.server import BOUND_TO, ProviderServer
from runtime.texts import Language, Texts, choose
from web.proof import BadProofError, Call, check

CLIENT_ID = "yizheng-portal"
SERVICES_ID = "yizheng-services"
"""As whom the services ask whether a token still counts."""
_FOLDER = Path(__file__).parent
_FORM_ONLY = ("person", "number", "language")
_HIDDEN = frozenset(_FORM_ONLY)


@dataclass(frozen=True)
class Provider:
    """The provider of one run."""

    layout: Layout
    ports: Ports
    server: ProviderServer
    texts: Texts
    templates: Environment

    @property
    def address(self) -> str:
        """Where it is."""
        return self.ports.provider_url

    async def discovery(self, asked: Asked) -> Response:
        """Describe itself (OpenID Connect Discovery 1.0). Its issuer is the one that the services know."""
        del asked
        return JSONResponse(
            {
                "issuer": tokens.ISSUER,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "end_session_endpoint": f"{self.address}/end-session",
                "introspection_endpoint": f"{self.address}/introspect",
                "revocation_endpoint": f"{self.address}/revoke",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "scopes_supported": list(SCOPES),
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "dpop_signing_alg_values_supported": [ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
                "ui_locales_supported": ["zh-CN", "en"],
            }
        )

    async def keys(self, asked: Asked) -> Response:
        del asked
        return Response((self.layout.keys / PUBLIC_KEYS).read_bytes(), media_type="application/json")

    async def authorize(self, asked: Asked) -> Response:
        """Ask who it is; then send them back with a code."""
        fields = await _fields(asked)
        request = _request(asked, {name: values for name, values in fields.items() if name not in _HIDDEN})
        language = _language(asked, fields)
        try:
            grant = self.server.get_consent_grant(request)
        except OAuth2Error as error:
            return self._page("refused.html", language, status=400, why=error.description or error.error)
        if asked.method == "GET" or "language" in fields:
            return self._choice(language, request)
        try:
            person = await run_in_threadpool(self._person, fields)
        except StackError as error:
            return self._choice(language, request, fault="away", why=str(error))
        if person is None:
            return self._choice(language, request, fault="nobody")
        user = SignedIn(person, int(time.time()), secrets.token_urlsafe(16))
        answer: Response = self.server.create_authorization_response(request, user, grant)
        return answer

    async def token(self, asked: Asked) -> Response:
        """Give tokens for a code, or for a refresh token, bound to the key that is proven (RFC 9449)."""
        proof = asked.headers.get("dpop")
        try:
            url = f"{self.address}{asked.url.path}"
            BOUND_TO.set(check(proof, None, Call("POST", url), is_counted=False).key if proof else "")
        except BadProofError:
            return JSONResponse({"error": "invalid_dpop_proof"}, 400)
        answer: Response = self.server.create_token_response(_request(asked, await _fields(asked)))
        return answer

    async def introspect(self, asked: Asked) -> Response:
        """Tell a service whether a token counts (RFC 7662), and nothing more of it."""
        if not _is(asked, SERVICES_ID, self.layout.keys / SERVICES_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        token = (await _fields(asked)).get("token", [""])[0]
        return JSONResponse({"active": self.server.claims_of(token) is not None})

    async def revoke(self, asked: Asked) -> Response:
        """End a token, and the sign-in that it is of, before their time (RFC 7009)."""
        if not _is(asked, CLIENT_ID, self.layout.keys / CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        claims = self.server.claims_of((await _fields(asked)).get("token", [""])[0]) or {}
        for name in ("sid", "jti"):
            if isinstance(claims.get(name), str):
                self.server.memory.end(claims[name])
        return Response()

    async def end_session(self, asked: Asked) -> Response:
        """End a sign-in, and send the browser back."""
        fields = await _fields(asked)
        try:
            wish = self.server.validate_endpoint_request("end_session", _request(asked, fields))
        except OAuth2Error as error:
            return self._page(
                "refused.html", _language(asked, fields), status=400, why=error.description or error.error
            )
        answer: Response | None = self.server.create_endpoint_response("end_session", wish)
        return answer or self._page("ended.html", _language(asked, fields))

    async def style(self, asked: Asked) -> Response:
        del asked
        return Response((_FOLDER / "templates" / "provider.css").read_bytes(), media_type="text/css")

    async def health(self, asked: Asked) -> Response:
        del asked
        return JSONResponse({"status": "alive"})

    def _person(self, fields: Mapping[str, list[str]]) -> ProviderPerson | None:
        number = "".join(fields.get("number", [""])[0].split()).upper()
        if number:
            return people.by_number(self.layout, gateway.url(self.ports), authority_file(self.layout.keys), number)
        return people.find(self.layout, fields.get("person", [""])[0])

    def _choice(self, language: Language, request: ProviderRequest, *, fault: str = "", why: str = "") -> Response:
        return self._page(
            "choose.html",
            language,
            status=422 if fault else 200,
            residents=people.residents(self.layout),
            staff=people.staff(),
            fields=request.payload.data,
            fault=fault,
            why=why,
        )

    def _page(self, template: str, language: Language, *, status: int = 200, **values: object) -> Response:
        def t(key: str, **params: object) -> str:
            return self.texts.say(language, key, **params)

        text = self.templates.get_template(template).render(t=t, language=language, **values)
        back = " ".join(sorted({uri.rpartition("/sign-in")[0] for uri in self.server.client.redirect_uris}))
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {back}",
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(text, status, headers)


def create_app(layout: Layout, ports: Ports) -> Starlette:
    """Build the provider of a run. Its client is the portal, under the names that the gateway has on this machine."""
    homes = [f"https://{host}:{ports.gateway}" for host in ("127.0.0.1", "localhost")]
    client = ProviderClient(
        CLIENT_ID,
        (layout.keys / CLIENT_SECRET).read_text(encoding="ascii").strip(),
        tuple(f"{home}/sign-in/return" for home in homes),
        tuple(f"{home}/signed-out" for home in homes),
    )
    templates = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["urlencode"] = urlencode
    made = Provider(layout, ports, ProviderServer(layout.keys, client), Texts(_FOLDER / "texts"), templates)
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.discovery),
            Route("/keys", made.keys),
            Route("/authorize", made.authorize, methods=["GET", "POST"]),
            Route("/token", made.token, methods=["POST"]),
            Route("/introspect", made.introspect, methods=["POST"]),
            Route("/revoke", made.revoke, methods=["POST"]),
            Route("/end-session", made.end_session, methods=["GET", "POST"]),
            Route("/provider.css", made.style),
            Route("/healthz", made.health),
        ]
    )
    app.state.provider = made
    return app


async def _fields(asked: Asked) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    sent = (await asked.form()).multi_items() if asked.method == "POST" else []
    for name, value in (*asked.query_params.multi_items(), *sent):
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return fields


def _is(asked: Asked, client: str, secret: Path) -> bool:
    """Tell whether a program has signed in as a client, by its secret."""
    scheme, _, given = asked.headers.get("authorization", "").partition(" ")
    known = base64.b64encode(f"{client}:{secret.read_text(encoding='ascii').strip()}".encode()).decode()
    return scheme.lower() == "basic" and hmac.compare_digest(given.encode(), known.encode())


def _request(asked: Asked, fields: Mapping[str, list[str]]) -> ProviderRequest:
    return ProviderRequest(asked.method, str(asked.url), asked.headers, fields)


def _language(asked: Asked, fields: Mapping[str, list[str]]) -> Language:
    wished = fields.get("language") or fields.get("ui_locales")
    return choose(wished[0] if wished else asked.headers.get("accept-language"))
