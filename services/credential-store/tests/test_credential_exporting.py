"""A resident gets every credential that is held."""

from __future__ import annotations

import pytest

from credential_office import Office, registered
from credential_store.handlers import exporting
from credential_store.published import CredentialStored, DataExported
from runtime import exports
from runtime.holders import Holder
from testkit.fakes import received


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_resident_gets_every_credential_that_is_held(office: Office) -> None:
    (event,) = await office.hears(registered())
    assert isinstance(event, CredentialStored)
    public, private = exports.new_key()
    for index, ids in ((event.holder.index, [event.credential_id]), ("3a" * 32, [])):
        holder = Holder(resident_id="res_1", index=index)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (told,) = (await exporting.export(received(asked), office.deps)).events
        assert isinstance(told, DataExported)
        held = exports.opened(told.sealed, private).get("credentials", [])
        assert [each["id"] for each in held] == ids
