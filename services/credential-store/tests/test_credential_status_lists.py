"""The lists that say what has been revoked or suspended, for whoever verifies without asking us."""

from __future__ import annotations

from datetime import timedelta

import pytest

from credential_desk import AGREEMENTS, ISSUER, NOTHING_ASKED, TRUSTED, Desk, listed
from credential_store.domain import fetched, status_list
from credential_store.domain.fetched import NotThatListError
from credential_store.domain.signed import LIST_TYP, TYP
from credential_store.domain.verdict import judge
from credential_store.handlers import status_lists
from runtime.errors import NotFound


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_list_is_made_anew_after_a_minute(desk: Desk) -> None:
    await desk.shows("name")
    first = await listed(desk, "revocation")
    desk.marks("revocation")
    assert await listed(desk, "revocation") == first
    desk.clock.advance(timedelta(minutes=1))
    claims = fetched.read(await listed(desk, "revocation"), TRUSTED.credentials, desk.clock())
    encoded = claims["credentialSubject"]["encodedList"]
    assert [status_list.is_set(encoded, place) for place in (76, 77, 78)] == [False, True, False]
    with pytest.raises(NotFound, match="status-list-unknown"):
        await status_lists.published("revocation", 4, desk.deps)


async def test_a_swapped_or_old_list_says_nothing(desk: Desk) -> None:
    found = judge((await desk.shows("name")).text, NOTHING_ASKED, TRUSTED, desk.clock())
    desk.marks("revocation")
    read = [fetched.read(await listed(desk, each), TRUSTED.credentials, desk.clock()) for each in status_list.PURPOSES]
    assert fetched.marks(found, fetched.by_address(read)) == {"revocation": True, "suspension": False}
    assert fetched.marks(found, {}) == {"revocation": None, "suspension": None}
    swapped = {found.entries["revocation"]: read[1], found.entries["suspension"]: read[1]}
    assert fetched.marks(found, swapped)["revocation"] is None
    with pytest.raises(NotThatListError, match="expired"):
        fetched.read(await listed(desk, "revocation"), TRUSTED.credentials, desk.clock() + timedelta(hours=2))
    with pytest.raises(NotThatListError, match="unknown-issuer"):
        fetched.read(AGREEMENTS.sign(read[0], LIST_TYP), TRUSTED.credentials, desk.clock())
    with pytest.raises(NotThatListError, match="wrong-kind"):
        fetched.read(ISSUER.keys.sign(read[0], TYP), TRUSTED.credentials, desk.clock())
