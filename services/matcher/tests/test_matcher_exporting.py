from __future__ import annotations

from matcher.consumed import PersonKnown
from matcher.handlers import exporting, people
from matcher.published import DataExported
from runtime import exports
from runtime.holders import Holder
from services.matcher.tests.fakes import deps_of
from testkit.fakes import apply, received

INDEX = "9f" * 32


async def test_a_resident_gets_the_evidence_and_somebody_unknown_gets_nothing() -> None:
    deps, (public, private) = deps_of(), exports.new_key()
    person = {"resident_id": "res_1", "holder_index": INDEX, "name": "李育成", "birth_date": "1990-01-01"}
    known = PersonKnown.model_validate({**person, "address": "深圳市", "sequence": 1})
    apply(await people.learn_person(received(known), deps))

    for index, names in ((INDEX, ["李育成"]), ("3a" * 32, [])):
        holder = Holder(resident_id="res_1", index=index)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (told,) = (await exporting.export(received(asked), deps)).events
        assert isinstance(told, DataExported)
        held = exports.opened(told.sealed, private).get("evidence", [])
        assert [each["name"] for each in held] == names
