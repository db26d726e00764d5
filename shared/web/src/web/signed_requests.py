"""Requests that give or take a right, as the person signed them: they travel along in the event that says so.

The access token, which the identity provider signed, says who it was, of which departments, and names a key. The proof
(RFC 9449), signed with that key, names method, path, token and moment, and with the claim `content_digest` (the form of
RFC 9530) the body. Who acts on the event checks both, and so needs no trust in the service that published it.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Self

import jwt
import orjson
from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel
from starlette.authentication import AuthenticationError

from bus import topology
from bus.envelope import BrokenMessageError
from bus.event import PERSONAL, REMEMBERED, Change, NotYet, Outcome, Received, View
from bus.failures import NOT_SIGNED_BY_PERSON
from runtime.clock import Clock, utc_now
from runtime.sign_in import SignedRequest
from standards.moments import SHENZHEN
from store.repository import Database, Repository
from web.auth import Principal, Role
from web.config import ServiceSettings
from web.proof import BadProofError, Call, check, content_digest
from web.tokens import Verifier

USED = "signed-requests"
INDEXES: dict[str, list[IndexModel]] = {USED: []}
WITHIN = timedelta(minutes=10)
"""How long it may take from the signature to the deed: requests wait for their commit, clocks differ."""


MaybeSigned = Annotated[
    SignedRequest | None,
    Field(
        description="What that person sent, signed; null: from before that was asked for", json_schema_extra=PERSONAL
    ),
]
"""What a person signed, as an event carries it."""
SignedByEach = Annotated[
    list[SignedRequest] | None,
    Field(
        description="What each of them sent, signed; null: from before that was asked for", json_schema_extra=PERSONAL
    ),
]
"""What several people signed, in their order."""


class Signed(View):
    """What a reader takes of it."""

    token: str
    proof: str
    body: str

    @property
    def said(self) -> Mapping[str, Any]:
        """What the body says; nothing where there is none."""
        said = orjson.loads(self.body or "{}")
        return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class SignedDeed:
    """What must have been asked for: a POST to `path`, at about `at`, by the holder of one of these roles."""

    event: str
    """`<publisher>.<event>`, by which `[signed]` of the topology says since when it is asked for."""
    path: str
    at: datetime
    roles: Collection[Role]


class UsedRequest(BaseModel):
    """A request that counted, by the hash of its proof, and the one event that it counts for."""

    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    event: str
    at: datetime


Handler = Callable[[Received[Any], Any], Awaitable[Outcome[None]]]
Majority = Callable[[str, Any], Awaitable[date | None]]
"""Tells on which day a child, by resident id, comes of age, from what a service itself knows; None: not known yet."""
_GUARDIANSHIP = "identity.guardianship-registered"
_ENDED = "identity.guardianship-ended"
_AT_THE_WINDOW = {
    "identity.id-suspended": "/v1/residents/{resident_id}/suspension",
    "identity.id-reinstated": "/v1/residents/{resident_id}/reinstatement",
    _GUARDIANSHIP: "/v1/guardianships",
    _ENDED: "/v1/guardianships/{guardianship_id}/end",
}


class SignedRequests:
    """Checks what people signed. `since`: by event, the first day on which one without is refused."""

    def __init__(
        self, verifier: Verifier, since: Mapping[str, date], clock: Clock, used: Repository[UsedRequest]
    ) -> None:
        self._verifier = verifier
        self._since = since
        self._clock = clock
        self._used = used

    @classmethod
    def of(cls, settings: ServiceSettings, database: Database) -> Self:
        """Check by the issuer and the topology that a service is set up with. Raises DataFileError."""
        verifier = Verifier(
            jwks=settings.jwks, issuer=settings.issuer, audience=settings.audience, leeway=settings.clock_leeway
        )
        days = topology.load(settings.topology).signed
        since = days if settings.signed_since is None else dict.fromkeys(days, settings.signed_since)
        return cls(verifier, since, utc_now, Repository(database, USED, UsedRequest))

    def has_come(self, day: date) -> bool:
        """Tell whether it is that day in Shenzhen, by this service's own clock, or will be in a moment."""
        return day <= (self._clock() + WITHIN).astimezone(SHENZHEN).date()

    def is_required(self, event: str) -> bool:
        """Tell whether `<publisher>.<event>` counts only signed today."""
        return self._clock().astimezone(SHENZHEN).date() >= self._since.get(event, date.max)

    async def require(self, signed: Signed | None, deed: SignedDeed) -> Principal | None:
        """Return who asked for the deed; None for one of before, which is not signed.

        Raises BrokenMessageError for what was not signed, or not by such a person for just this; NotYet while the
        issuer's keys are not there.
        """
        if signed is None:
            if not self.is_required(deed.event):
                return None
            raise _refused("the signed request of the person who asked for it")
        try:
            person = await self._verifier.read(signed.token, deed.at, WITHIN)
            call = Call("POST", deed.path, signed.token)
            proof = check(signed.proof, person.key, call, is_counted=False, age=WITHIN.total_seconds(), now=_at(deed))
        except (ConnectionError, AuthenticationError) as error:
            raise NotYet("the key of the identity provider is not known") from error
        except (jwt.PyJWTError, ValueError, BadProofError) as error:
            raise _refused(f"signed for POST {deed.path} at about that time: {error}") from error
        if person.key is None or proof.is_delegated:
            raise _refused("signed with the key that the token is bound to")
        if person.role not in deed.roles:
            raise _refused(f"signed by {' or '.join(sorted(deed.roles))}, not by {person.role}")
        if not hmac.compare_digest(proof.content.encode(), content_digest(signed.body.encode()).encode()):
            raise _refused("signed with this body")
        return person

    async def require_once(
        self, signed: Signed | None, deed: SignedDeed, event: Received[Any]
    ) -> tuple[Principal | None, list[Change]]:
        """Return who asked for the deed of an event, and what makes that request count for no other event.

        Raises as `require`, and BrokenMessageError for a request that was used, or that is older than is remembered,
        unless operators have its event delivered once more.
        """
        person = await self.require(signed, deed)
        if person is None or signed is None:
            return None, []
        now = self._clock()
        if now - deed.at > REMEMBERED and not event.is_redelivered:
            raise _refused(f"signed within the last {REMEMBERED.days} days")
        id_ = sha256(signed.proof.encode()).hexdigest()
        known = await self._used.get(id_)
        if known is not None and known.event != event.id:
            raise _refused("a request that has not been used before")
        return person, [] if known else [self._used.save(UsedRequest(id=id_, event=event.id, at=now))]


def of_clerk(handler: Handler, *, majority: Majority | None = None) -> Handler:
    """Have a handler act on what a clerk has signed for, once: suspensions, their end, guardianships and theirs.

    A guardianship that ends by itself, as the child comes of age, is signed by nobody: that counts from the day on that
    the service itself works out (`majority`).
    """

    async def checked(event: Received[Any], deps: Any) -> Outcome[None]:  # noqa: ANN401 - each service's own
        if majority is not None and event.data.signed_request is None:
            day = await majority(event.data.child_id, deps)
            if day is None:
                raise NotYet(f"when {event.data.child_id} comes of age is not known yet")
            if deps.signed_requests.has_come(day):
                return await handler(event, deps)
        used = await require_clerk(event, deps.signed_requests)
        outcome = await handler(event, deps)
        return replace(outcome, changes=[*outcome.changes, *used]) if used else outcome

    return checked


async def require_clerk(event: Received[Any], requests: SignedRequests) -> list[Change]:
    """See that a clerk asked for just this at a window. Raises BrokenMessageError, NotYet."""
    said, signed, name = event.data, event.data.signed_request, event.type.rpartition(".v")[0]
    path = _AT_THE_WINDOW[name].format_map(said.model_dump())
    at = signed_at(signed) if signed else event.time
    person, used = await requests.require_once(signed, SignedDeed(name, path, at, frozenset({Role.CLERK})), event)
    if person is None:
        return used
    refuse_unless(is_soon(at, event.time), "told as soon as it was asked for")
    if name == _GUARDIANSHIP:
        named = {key: signed.said.get(key) for key in ("guardian_id", "child_id")}
        refuse_unless(named == {"guardian_id": said.guardian_id, "child_id": said.child_id}, "signed for these two")
    return used


def signed_at(signed: Signed) -> datetime:
    """Return when it says it was signed. Raises BrokenMessageError."""
    try:
        return datetime.fromtimestamp(jwt.decode(signed.proof, options={"verify_signature": False})["iat"], UTC)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise _refused("a proof that says when it was signed") from error


def is_soon(signed_at: datetime, published_at: datetime) -> bool:
    """Tell whether an event was published as soon as what it says was done."""
    return abs(published_at - signed_at) <= WITHIN


def refuse_unless(holds: bool, rule: str) -> None:  # noqa: FBT001 - a condition
    """Raise BrokenMessageError unless what the event says is what was signed."""
    if not holds:
        raise _refused(rule)


def _refused(rule: str) -> BrokenMessageError:
    return BrokenMessageError(NOT_SIGNED_BY_PERSON, "/data/signed_request", rule)


def _at(deed: SignedDeed) -> float:
    return deed.at.astimezone(UTC).timestamp()
