"""Who is signed in."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from web.auth import Role


class SignedInPerson(BaseModel):
    """Who is signed in, as the provider names them. `subject` is a resident id or a staff number."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    subject: str
    role: Role
    name: str = ""
    departments: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()


class Tokens(BaseModel):
    """What the provider gave: the access token for the gateway until `until`, what renews it, and the ID token."""

    model_config = ConfigDict(frozen=True)
    access: str
    until: datetime
    refresh: str = ""
    id: str = ""
    is_bound: bool = False
    """Whether it counts only with a proof of the portal's key."""


class AtTerminal(BaseModel):
    """What a terminal's session has beside its token: how the portal proves the terminal's key, and whose visit it is.

    Without a request for `seconds` the session ends.
    """

    model_config = ConfigDict(frozen=True)
    seed: str
    delegation: str
    presence: str
    seconds: int


class Session(BaseModel):
    """A person's session: never older than `ends_at`, and ended earlier by silence."""

    model_config = ConfigDict(frozen=True)
    person: SignedInPerson
    tokens: Tokens
    ends_at: datetime
    touched_at: datetime
    terminal: AtTerminal | None = None
