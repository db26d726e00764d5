"""The portal as the provider's client, and requests as the protocol's code reads them."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Payload, OAuth2Request

from local_stack.keys import ALGORITHM

SCOPES = ("openid", "profile", "offline_access")


@dataclass(frozen=True)
class ProviderClient(ClientMixin):
    """The portal."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]
    after_logout: tuple[str, ...]
    id_token_signed_response_alg: str = ALGORITHM

    @property
    def client_metadata(self) -> Mapping[str, object]:
        """What it has registered."""
        return {"post_logout_redirect_uris": list(self.after_logout)}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of a scope it may have."""
        return " ".join(each for each in (scope or "").split() if each in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether it has registered an address."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether it is the one that it says."""
        return hmac.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether it may say so in this way."""
        return method == "client_secret_basic" and bool(endpoint)

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether it may ask for this."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it may offer this for tokens."""
        return grant_type in {"authorization_code", "refresh_token"}


class Payload(OAuth2Payload):
    """The fields of a request, from its query and its form."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    @property
    def data(self) -> dict[str, str]:
        """Return the first value of each."""
        return {name: values[0] for name, values in self._fields.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """Return all values of each."""
        return defaultdict(list, {name: list(values) for name, values in self._fields.items()})


class ProviderRequest(OAuth2Request):
    """A request as the protocol's code reads it."""

    def __init__(self, method: str, uri: str, headers: Mapping[str, str], fields: Mapping[str, list[str]]) -> None:
        super().__init__(method=method, uri=uri, headers=headers)
        self.payload = Payload(fields)

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data
