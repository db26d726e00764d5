"""A value is wrong: asked for, answered by the department that keeps it, shown, and no longer believed anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from runtime.clock import today, utc_now
from synthetic.caller import Caller, CallerAnswer, Json
from synthetic.registration import card
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, exports, portal, scans
from tests.journeys.waiting import heard_of, until

RECORD = "social-insurance-record"
WRONG: Mapping[str, Json] = {"document_type": RECORD, "field": "months_paid", "should_say": 24, "reason": "少计了一年"}


class _Credential(CallerAnswer):
    credential_id: str
    identifier: str
    document_type: str
    fields: Mapping[str, Any]


class _Credentials(CallerAnswer):
    items: tuple[_Credential, ...] = ()


class _Answer(CallerAnswer):
    text: str
    value: Any
    effect: portal.Named | None


class _Window(CallerAnswer):
    state: portal.Named
    until: date
    text: str


class _Permit(CallerAnswer):
    correction_id: str
    value: str
    until: date


class _Registered(CallerAnswer):
    resident_id: str
    name: str
    corrections: tuple[_Permit, ...] = ()


class _Correction(CallerAnswer):
    correction_id: str
    window: _Window | None
    state: portal.Named
    credential_id: str | None
    answer: _Answer | None


class _Access(CallerAnswer):
    sentence: str


class _Accesses(CallerAnswer):
    items: tuple[_Access, ...] = ()


async def _held(resident: Caller) -> _Credential | None:
    held = await resident.get("/v1/credentials", _Credentials)
    return next((each for each in held.items if each.document_type == RECORD), None)


async def _approved(town: Town, resident: Caller, address: str) -> _Credential:
    """Have a document reviewed and approved, so that the credential store holds what people entered."""
    application = await portal.draft(resident, "residence-permit", {"address": address})
    await portal.hand_in(resident, application, "work", RECORD, scans.png())
    await portal.submit(resident, application)
    reviewer = town.worker("reviewer", "si-1", department="social-insurance")
    queue = await until(
        lambda: desk.queue(reviewer, application_id=application), lambda it: bool(it.items), what="a task"
    )
    await desk.claim(reviewer, queue.items[0].task_id)
    await desk.approve(reviewer, queue.items[0].task_id, fields={"months_paid": 12})
    held = await until(lambda: _held(resident), lambda it: it is not None, what="the approved document is held")
    assert held is not None
    return held


async def _asked(resident: Caller, wrong: Mapping[str, Json]) -> _Correction:
    return await heard_of(lambda: resident.post("/v1/corrections", _Correction, dict(wrong)), "credential-unknown")


async def test_a_wrong_value_is_corrected_by_the_department_and_everybody_goes_by_the_right_one(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    before = await _approved(town, resident, made.home.address)
    wrong = {**WRONG, "credential_id": before.credential_id}
    correction = await _asked(resident, wrong)
    again = await refusal(resident.post("/v1/corrections", _Correction, wrong))
    assert (again.status, again.code) == (409, "correction-asked-already")
    stranger = await town.welcome(town.meet("senior"))
    others = await until(
        lambda: refusal(stranger.post("/v1/corrections", _Correction, wrong)),
        lambda it: it.code != "not-known-yet",
        what="the stranger is known to data-rights",
    )
    assert (others.status, others.code) == (422, "credential-unknown")

    officer = town.worker("reviewer", "si-2", department="social-insurance")
    queue = await until(
        lambda: desk.queue(officer, application_id=correction.correction_id), lambda it: bool(it.items), what="the task"
    )
    task = queue.items[0].task_id
    await desk.claim(officer, task)
    answer: Json = {"result": "corrected", "explanation": "补缴月份已核实"}
    await officer.post(f"/v1/tasks/{task}/correction", desk.Task, answer)

    where = f"/v1/corrections/{correction.correction_id}"
    shown = await until(lambda: resident.get(where, _Correction), lambda it: it.answer is not None, what="the answer")
    assert shown.answer is not None
    assert (shown.state.code, shown.answer.value, shown.answer.text) == ("corrected", 24, "补缴月份已核实")
    assert shown.answer.effect is not None
    assert shown.answer.effect.code == "reissued"
    after = await until(
        lambda: _held(resident), lambda it: it is not None and it != before, what="the next version of the credential"
    )
    assert after is not None
    assert (after.credential_id, after.fields["months_paid"]) == (before.credential_id, 24)
    assert after.identifier != before.identifier
    await _is_believed_and_told(resident, correction)


async def _is_believed_and_told(resident: Caller, correction: _Correction) -> None:
    async def evidence() -> list[dict[str, Any]]:
        held = (await exports.everything(resident))["matcher"]["evidence"]
        return [each for each in held if "months_paid" in str(each)]

    believed = await until(evidence, lambda it: "24" in str(it), what="the matcher goes by the right value")
    assert "months_paid" in str(believed)
    everything = await exports.everything(resident)
    (asked,) = everything["data-rights"]["corrections"]
    assert (asked["id"], asked["wrong"]["should_say"]) == (correction.correction_id, 24)
    assert "correction" in {each["kind"] for each in everything["review-dispatch"]["tasks"]}
    looked = await until(
        lambda: resident.get("/v1/accesses", _Accesses, {"by": "si-2"}),
        lambda it: len(it.items) >= 2,
        what="the officer's look and work are in the record",
    )
    assert all("Social Insurance (Reviewer)" in each.sentence for each in looked.items)


async def test_a_wrongly_registered_name_is_corrected_once_at_a_window(town: Town) -> None:
    person = town.meet("senior").head
    at_window: dict[str, Json] = {"channel": "window", "community": person.community}
    right: dict[str, Json] = {**card(person), **at_window}
    wrong: dict[str, Json] = {**right, "name": person.name[:-1] + ("芳" if person.name[-1] != "芳" else "兰")}
    registered = await town.clerk().post("/v1/residents", _Registered, wrong)
    refused = await refusal(town.clerk().post("/v1/residents", _Registered, right))
    assert refused.status == 409
    assert refused.codes == {"registered-with-other-name"}
    town.ids[person.number] = registered.resident_id
    resident = town.resident(person)

    asking = {"document_type": "registration", "field": "name", "should_say": person.name, "reason": "登记时写错了字"}
    asked = await _asked(resident, asking)
    where = f"/v1/corrections/{asked.correction_id}"
    officer = town.worker("reviewer", "hall-1", department="service-hall")
    queue = await until(
        lambda: desk.queue(officer, application_id=asked.correction_id), lambda it: bool(it.items), what="the task"
    )
    await desk.claim(officer, queue.items[0].task_id)
    answer: Json = {"result": "corrected", "explanation": "与身份证核对，确系登记有误"}
    await officer.post(f"/v1/tasks/{queue.items[0].task_id}/correction", desk.Task, answer)

    shown = await until(lambda: resident.get(where, _Correction), lambda it: it.window is not None, what="the answer")
    assert shown.window is not None
    assert shown.window.state.code == "open"
    assert shown.window.until - timedelta(days=30) in {town.today, today(utc_now())}
    at_the_window = await until(
        lambda: town.clerk().get(f"/v1/residents/{registered.resident_id}", _Registered, {"purpose": "窗口办理更正"}),
        lambda it: bool(it.corrections),
        what="the window knows what was approved",
    )
    (permit,) = at_the_window.corrections
    assert (permit.correction_id, permit.value) == (asked.correction_id, person.name)

    corrected = await town.clerk().post("/v1/residents", _Registered, right)

    assert (corrected.resident_id, corrected.name, corrected.corrections) == (registered.resident_id, person.name, ())
    made = await until(
        lambda: resident.get(where, _Correction),
        lambda it: it.window is not None and it.window.state.code == "made",
        what="the resident sees that it was made",
    )
    assert made.window is not None
    again = await refusal(town.clerk().post("/v1/residents", _Registered, wrong))
    assert again.codes == {"registered-with-other-name"}
    looked = await until(
        lambda: resident.get("/v1/accesses", _Accesses, {"by": "clerk-1"}),
        lambda it: any("worked on" in each.sentence for each in it.items),
        what="the change is in the record of accesses",
    )
    assert looked.items

    async def named() -> bool:
        held = await resident.get("/v1/credentials", _Credentials)
        return any(each.document_type == "id-card" and each.fields["name"] == person.name for each in held.items)

    await until(named, bool, what="the identity card that is held says the right name")
