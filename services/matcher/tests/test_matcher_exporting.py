from __future__ import annotations

from matcher.handlers import data_export, people
from matcher.views import PersonKnown
from privacy.holders import Holder
from services.matcher.tests.fakes import deps_of
from testkit.fakes import apply, received

INDEX = "9f" * 32


async def test_a_resident_gets_the_evidence_and_somebody_unknown_gets_nothing() -> None:
    deps = deps_of()
    person = {"resident_id": "res_1", "holder_index": INDEX, "name": "李育成", "birth_date": "1990-01-01"}
    known = PersonKnown.model_validate({**person, "address": "深圳市", "sequence": 1})
    apply(await people.learn_person(received(known), deps))

    # Whatever index data-rights names, it is the resident whose request was checked.
    for resident, index, names in (("res_1", "3a" * 32, ["李育成"]), ("res_2", INDEX, [])):
        holder = Holder(resident_id=resident, index=index)
        held = (await data_export.gather(holder, deps)).get("evidence", [])
        assert [each["name"] for each in held] == names
