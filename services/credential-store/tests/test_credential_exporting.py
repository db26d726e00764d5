"""A resident gets every credential that is held."""

from __future__ import annotations

import pytest

from credential_office import Office, registered
from credential_store.events import CredentialStored
from credential_store.handlers import data_export
from privacy.holders import Holder


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_resident_gets_every_credential_that_is_held(office: Office) -> None:
    (event,) = await office.hears(registered())
    assert isinstance(event, CredentialStored)
    assert event.holder.resident_id is not None
    # Whatever index data-rights names, it is the resident whose request was checked.
    own = event.holder.resident_id
    for resident, index in ((own, "3a" * 32), ("res_other", event.holder.index)):
        holder = Holder(resident_id=resident, index=index)
        held = (await data_export.gather(holder, office.deps))["credentials"]
        assert [each["id"] for each in held] == ([event.credential_id] if resident == own else [])
