"""What residents sign about data of their own, or of a child that they act for: an export, an erasure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bus.event import Change, NotYet, Received
from web.auth import Role
from web.signed_requests import SignedDeed, SignedRequests, is_soon, refuse_unless, signed_at

ActsFor = Callable[[str, str], Awaitable[bool]]
"""Tells whether one resident acts for another."""
Named = Callable[[Mapping[str, Any]], str | None]
"""Tells of whom the body of a request is, by resident id; None: of the signer."""


@dataclass(frozen=True, slots=True)
class OwnRequests:
    """Checks them. `acts_for`: None in a service that keeps no guardianships."""

    requests: SignedRequests
    acts_for: ActsFor | None = None

    async def require(self, event: Received[Any], name: str, path: str, named: Named) -> list[Change]:
        """See that the holder, or who acts for them, sent the POST to `path` that this event passes on, for them.

        Returns what makes the request count for no other event. `name`: `<publisher>.<event>`. Raises
        BrokenMessageError; NotYet also while no guardianship is known: what says so may be on its way.
        """
        signed, holder = event.data.signed_request, event.data.holder.resident_id
        at = signed_at(signed) if signed else event.time
        deed = SignedDeed(name, path, at, frozenset({Role.RESIDENT}))
        person, used = await self.requests.require_once(signed, deed, event)
        if person is None or signed is None:
            return used
        refuse_unless(is_soon(at, event.time), "told as soon as it was asked for")
        refuse_unless((named(signed.said) or person.subject) == holder, "signed for just this person's data")
        if person.subject != holder and self.acts_for and not await self.acts_for(person.subject, holder):
            raise NotYet(f"{person.subject} is not known to act for {holder}")
        return used
