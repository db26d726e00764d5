"""What the provider remembers while it runs: sign-ins, and what codes and refresh tokens stand for."""

from __future__ import annotations

from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import ClientMixin

from local_stack.provider.people import ProviderPerson


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has signed in: when, and under which id of the sign-in."""

    person: ProviderPerson
    at: int
    sid: str


@dataclass(frozen=True)
class Code:
    """An authorization code, for a minute and one use."""

    code: str
    user: SignedIn
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    until: float

    def get_redirect_uri(self) -> str:
        """Return where it was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what it is good for."""
        return self.scope

    def get_nonce(self) -> str:
        """Return the client's own mark."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in."""
        return self.user.at

    def get_acr(self) -> str:
        """Return how sure it is who it was: not at all, one picked a name."""
        return "urn:yizheng:assurance:development"

    def get_amr(self) -> list[str]:
        """Return by which means."""
        return ["none"]


@dataclass(frozen=True)
class TokenRenewal:
    """What a refresh token stands for."""

    token: str
    user: SignedIn
    scope: str

    def check_client(self, client: ClientMixin) -> bool:
        """Tell whether it was given to a client; there is one only."""
        return bool(client.get_client_id())

    def get_scope(self) -> str:
        """Return what it is good for."""
        return self.scope


@dataclass
class Memory:
    """What is remembered while the process runs."""

    codes: dict[str, Code] = field(default_factory=dict)
    renewals: dict[str, TokenRenewal] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    """Sign-ins (`sid`) and tokens (`jti`) that were ended before their time."""

    def end(self, sid: str) -> None:
        """Forget a sign-in: nothing of it can be renewed, and its tokens count no more."""
        self.ended.add(sid)
        for token in [token for token, each in self.renewals.items() if each.user.sid == sid]:
            del self.renewals[token]
