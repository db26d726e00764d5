"""By which sign-in a caller speaks; imports nothing of the web, so that domains may keep it as evidence."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SignIn(BaseModel):
    """The claims of a token that say how somebody signed in, as far as its issuer gives them.

    Who issued it for whom, the token's own id, the session, when the person last proved who they are, by which means,
    and at which level of assurance (OpenID Connect Core, section 2).
    """

    model_config = ConfigDict(frozen=True)
    iss: str | None = None
    sub: str | None = None
    jti: str | None = None
    sid: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ()
    acr: str | None = None
