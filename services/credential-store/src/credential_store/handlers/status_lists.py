"""The status lists as everybody may fetch them: signed credentials about credentials, without a name in them."""

from __future__ import annotations

from datetime import datetime, timedelta

from credential_store.domain import signed, status_list
from credential_store.domain.signed import LIST_TYP
from credential_store.domain.status_list import Purpose
from credential_store.handlers.dependencies import Deps, ListedCredential
from runtime.errors import NotFound

LASTS = timedelta(hours=1)
"""How long somebody may go by a list that they fetched."""
FRESH = timedelta(minutes=1)
"""How long a list is given out before it is made anew. Our own verification asks the store each time."""


async def published(purpose: Purpose, number: int, deps: Deps) -> ListedCredential:
    """Return a list as it was within the last minute. Refuses one that does not exist. Raises NotFound."""
    now, key = deps.clock(), (purpose, number)
    known = deps.listed.get(key)
    if known is not None and now - known.at < FRESH:
        return known
    if not await deps.places.has(number):
        raise NotFound("status-list-unknown")
    places = await deps.signed.marked(number, purpose)
    text = _signed(purpose, number, status_list.encode(places), now, deps)
    deps.listed[key] = ListedCredential(text, now)
    return deps.listed[key]


def _signed(purpose: Purpose, number: int, encoded: str, now: datetime, deps: Deps) -> str:
    address, url = deps.issuer.status_list(purpose, number), deps.issuer.url
    claims = {
        "@context": signed.CONTEXT[:1],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "iss": url,
        "issuer": url,
        "iat": int(now.timestamp()),
        "validFrom": now.isoformat(),
        "validUntil": (now + LASTS).isoformat(),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "ttl": LASTS // timedelta(milliseconds=1),
            "encodedList": encoded,
        },
    }
    return deps.issuer.keys.sign(claims, LIST_TYP)
