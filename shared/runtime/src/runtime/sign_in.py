"""By which sign-in a caller speaks, and what they signed; imports nothing of the web: domains keep it as evidence."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


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


class SignedRequest(BaseModel):
    """A request that gives or takes a right, as its sender signed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    token: Annotated[str, Field(description="The access token (JWT): who asked, and to which key it is bound")]
    proof: Annotated[str, Field(description="Method, path, token, moment and body, signed with that key (RFC 9449)")]
    body: Annotated[str, Field(description="The body; empty: none")]
