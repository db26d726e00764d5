from __future__ import annotations

from applications.handlers import exporting
from applications.handlers.parties import Named
from applications.published import DataExported
from runtime import exports
from runtime.holders import Holder
from services.applications.tests.office import ENROLMENT, Office
from testkit.fakes import received


async def test_a_resident_gets_the_applications_of_them_and_for_them(office: Office) -> None:
    id_ = await office.drafts("school-enrolment", "newcomer", Named(subject_id="child"), ENROLMENT)
    public, private = exports.new_key()
    for resident, applications in (("newcomer", [id_]), ("child", [id_]), ("senior", [])):
        holder = Holder(resident_id=resident, index="9f" * 32)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (told,) = (await exporting.export(received(asked), office.deps)).events
        assert isinstance(told, DataExported)
        held = exports.opened(told.sealed, private)
        assert [each["id"] for each in held["person"]] == [resident]
        assert [each["id"] for each in held.get("applications", [])] == applications
