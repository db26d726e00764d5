"""A value is wrong: asked for, answered by the department that keeps it, shown, and no longer believed anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthetic.caller import Answer, Caller, Json, ProblemError
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, exports, portal, scans
from tests.journeys.waiting import until

RECORD = "social-insurance-record"
WRONG: Mapping[str, Json] = {"document_type": RECORD, "field": "months_paid", "should_say": 24, "reason": "少计了一年"}


class _Credential(Answer):
    credential_id: str
    identifier: str
    document_type: str
    fields: Mapping[str, Any]


class _Credentials(Answer):
    items: tuple[_Credential, ...] = ()


class _Answer(Answer):
    text: str
    value: Any
    effect: portal.Named | None


class _Correction(Answer):
    correction_id: str
    state: portal.Named
    credential_id: str | None
    answer: _Answer | None


class _Access(Answer):
    sentence: str


class _Accesses(Answer):
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


async def _asked(resident: Caller, wrong: Mapping[str, Json]) -> _Correction | None:
    try:
        return await resident.post("/v1/corrections", _Correction, dict(wrong))
    except ProblemError as error:
        if error.problem.code in {"not-known-yet", "credential-unknown"}:
            return None
        raise


async def test_a_wrong_value_is_corrected_by_the_department_and_everybody_goes_by_the_right_one(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    before = await _approved(town, resident, made.home.address)
    wrong = {**WRONG, "credential_id": before.credential_id}
    asked = await until(
        lambda: _asked(resident, wrong), lambda it: it is not None, what="the credential is known to data-rights"
    )
    assert asked is not None
    correction = asked
    again = await refusal(resident.post("/v1/corrections", _Correction, wrong))
    assert (again.status, again.code) == (409, "correction-asked-already")
    stranger = await town.welcome(town.meet("senior"))
    others = await refusal(stranger.post("/v1/corrections", _Correction, wrong))
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
    assert all("Social Insurance (Reviewer si-2)" in each.sentence for each in looked.items)
