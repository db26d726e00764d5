"""Whoever sees or uses a person's data for their work is in that person's record: every operation, by every role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from synthetic import records
from synthetic.caller import Caller, CallerAnswer, Json, NoAnswer
from synthetic.households import Household
from synthetic.people import SyntheticPerson
from synthetic.registration import card
from tests.end_to_end.looks import PURPOSE, Looks, Worker, record, showing
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.waiting import heard_of, until
from tests.load.forms import form_for
from web.auth import Role

SHOWING = frozenset(
    {
        *("stated-purpose", "masked-look", "hand", "claimed", "department", "shared-with-department"),
        *("clear-with-reason", "present", "present-here"),
    }
)
"""Scopes that reach the data of somebody else than the caller."""
_TASK, _PHOTOGRAPH = "/v1/tasks/{task_id}", "/v1/tasks/{task_id}/photographs/{photograph_id}"
AT_THE_DOOR = (
    "GET /v1/tasks/doors",
    f"POST {_TASK}/slots",
    f"POST {_TASK}/visit-acceptance",
    f"POST {_TASK}/visit-refusal",
    f"POST {_TASK}/photographs",
    f"GET {_PHOTOGRAPH}",
    f"DELETE {_PHOTOGRAPH}",
)
_APPLICATION = "/v1/applications/{application_id}"
_UPLOAD = f"{_APPLICATION}/uploads/{{upload_id}}"
WITHIN_A_VISIT = (
    *("POST /v1/presences/{id}/end", "GET /v1/items/{code}/eligibility", "GET /v1/eligibility", "GET /v1/evidence"),
    *("POST /v1/applications", "GET /v1/applications", f"GET {_APPLICATION}", f"PATCH {_APPLICATION}"),
    *(f"POST {_APPLICATION}/submission", f"GET {_APPLICATION}/timeline", f"GET {_APPLICATION}/receipt"),
    *(f"POST {_APPLICATION}/scans", f"DELETE {_APPLICATION}/scans/{{scan_id}}"),
    *(f"POST {_APPLICATION}/uploads", f"GET {_APPLICATION}/uploads", f"GET {_UPLOAD}", f"PATCH {_UPLOAD}"),
    f"DELETE {_UPLOAD}",
)
HANDED_OVER = (
    *("POST /v1/residents", "POST /v1/residents/{id}/card", "POST /v1/residents/{id}/suspension"),
    *("POST /v1/residents/{id}/reinstatement", "POST /v1/guardianships", "POST /v1/guardianships/{id}/end"),
)
BY_CARD = (Role.CLERK, Role.TERMINAL)
NOT_A_LOOK: Mapping[str, str] = {
    "GET /v1/tasks": "a queue names nobody",
    "POST /v1/tasks/{task_id}/duplicate-check": "services/review-dispatch/tests/test_task_duplicates.py",
    **dict.fromkeys((f"{each} as reviewer" for each in AT_THE_DOOR), "a reviewer has a door once it is handed up"),
    "POST /v1/tasks/{task_id}/return as grid-officer": "a door is not returned: refused",
    **{f"{each} as {by}": "within a visit, which is in the record" for each in WITHIN_A_VISIT for by in BY_CARD},
    **{f"{each} as {by}": "what the card says that lies there" for each in HANDED_OVER for by in BY_CARD},
    "POST /v1/hand-overs": "what the department itself hands over",
    "GET /v1/hand-overs": "its own hand-overs, counted",
    "GET /v1/hand-overs/{id}": "the same",
    "GET /v1/hand-overs/{id}/refused": "the department's own lines",
    "GET /v1/hand-overs/{id}/refused-file": "the same, in its own columns",
    "POST /v1/hand-overs/{id}/pause": "nobody's data",
    "POST /v1/hand-overs/{id}/resume": "nobody's data",
    "POST /v1/hand-overs/{id}/cancel": "nobody's data",
    "POST /v1/failures/{id}/disclosures": "needs a dead letter: services/operations/tests/test_operations_concerned.py",
}


class _Credential(CallerAnswer):
    credential_id: str
    document_type: str


class _Credentials(CallerAnswer):
    items: tuple[_Credential, ...] = ()


class _Asked(CallerAnswer):
    correction_id: str


class _Photograph(CallerAnswer):
    photograph_id: str


class _Photographed(CallerAnswer):
    photographs: tuple[_Photograph, ...]


async def test_every_look_at_somebody_elses_data_is_in_their_record(town: Town) -> None:
    made, at_home = town.meet("newcomers"), town.meet("newcomers")
    head, visited = await town.welcome(made), await town.welcome(at_home)
    assert made.child is not None
    looks, child = Looks(town), town.resident(made.child)
    permits = await _apply_for_permits(town, visited, at_home)
    await _at_the_window(looks, made.head, made.child)
    await _sign_tenancy(town, made)
    await _at_the_desk(looks, head, f"{made.home.address}旁")
    await _in_the_store(looks, head, town.ids[made.head.number])
    await _complaints(looks, head)
    await _behind_the_scenes(looks, town.ids[made.head.number])
    await _at_the_door(looks, visited, permits, at_home.head.community)

    assert looks.tried_by == showing(SHOWING, NOT_A_LOOK)
    await looks.are_in_the_record_of(head, child, visited)


async def _at_the_window(looks: Looks, head: SyntheticPerson, child: SyntheticPerson) -> None:
    id_ = looks.town.ids[head.number]
    for number, path in enumerate(("", "/wards", "/history")):
        clerk = looks.worker(Role.CLERK, f"clerk-{number}")
        await looks.tries(f"GET /v1/residents/{{id}}{path}", clerk, id=id_, query={"purpose": PURPOSE})
    looking: Json = {"number": child.number, "purpose": PURPOSE}
    for worker in (
        looks.worker(Role.CLERK, "clerk-look-up"),
        looks.worker(Role.TERMINAL, "terminal", community=child.community),
    ):
        await looks.tries("POST /v1/lookups", worker, body=looking)
    for worker in (
        looks.worker(Role.CLERK, "clerk-visit"),
        looks.worker(Role.TERMINAL, "terminal-visit", community=head.community),
    ):
        begun = await looks.tries("POST /v1/presences", worker, body=card(head))
        await looks.tries("GET /v1/presences/{id}", worker, id=begun.json()["presence_id"])
    asked: Json = {"item": "senior-card", "applicant": {"resident_id": id_}, "purpose": PURPOSE}
    await looks.tries("POST /v1/dry-runs", looks.worker(Role.OFFICIAL, "official"), body=asked)


async def _sign_tenancy(town: Town, made: Household) -> None:
    """Have both sign what the record of the tenancy rests on."""
    assert made.landlord is not None
    head, landlord = town.resident(made.head), town.resident(made.landlord)
    form = form_for("rental-contract-filing", made, town.today)
    application = await portal.draft(head, "rental-contract-filing", form, second_party_number=made.landlord.number)
    await portal.submit(head, application)
    await until(
        lambda: portal.to_confirm(landlord),
        lambda it: any(each.application_id == application for each in it.items),
        what="the landlord is asked",
    )
    await portal.confirm(landlord, application)


async def _at_the_desk(looks: Looks, head: Caller, address: str) -> None:
    """Approve one document, return another and refuse the third."""
    application = await portal.draft(head, "residence-permit", {"address": address})
    documents = {
        "work": ("social-insurance-record", "social-insurance"),
        "housing": ("rental-contract-record", "housing"),
        "photo": ("portrait-photo", "psb"),
    }
    for number, (requirement, (document, _)) in enumerate(documents.items()):
        await portal.hand_in(head, application, requirement, document, scans.png(number))
    seen = await portal.submit(head, application)
    assert seen.application_id == application
    endings: Mapping[str, tuple[str, Json]] = {
        "work": ("approval", {"fields": {"months_paid": 12}}),
        "housing": ("return", {"field": "scans", "message": "看不清"}),
        "photo": ("rejection", {"reason": "不是本人"}),
    }
    for requirement, (ending, body) in endings.items():
        officer = looks.worker(Role.REVIEWER, ending, department=documents[requirement][1])
        task = await _task(officer, application)
        await looks.claims(officer, task)
        if requirement == "housing":
            operation = "GET /v1/applications/{application_id}/agreement"
            await _in_hand(looks, officer, f"/v1/applications/{application}/agreement")
            await looks.tries(operation, officer, application_id=application, query={"purpose": PURPOSE})
        if requirement == "work":
            await _scan(looks, officer, application, await desk.read(officer.caller, task))
        await looks.tries(f"POST /v1/tasks/{{task_id}}/{ending}", officer, task_id=task, body=body)


async def _scan(looks: Looks, officer: Worker, application: str, task: desk.Task) -> None:
    assert task.document is not None
    where: dict[str, Json] = {"application_id": application, "scan_id": task.document.scans[0].scan_id}
    await _in_hand(looks, officer, f"/v1/applications/{application}/scans/{where['scan_id']}")
    operation = "GET /v1/applications/{application_id}/scans/{scan_id}"
    await looks.tries(operation, officer, query={"purpose": PURPOSE}, **where)


async def _in_hand(looks: Looks, officer: Worker, path: str) -> None:
    async def opened() -> bool:
        answer = await looks.town.client.get(
            path, params={"purpose": PURPOSE}, headers={"Authorization": f"Bearer {officer.caller.token}"}
        )
        return answer.is_success

    await until(opened, bool, what="the claim is known to applications")
    looks.seen[officer.subject] += 1


async def _task(officer: Worker, case: str) -> str:
    queue = await until(
        lambda: desk.queue(officer.caller, application_id=case), lambda it: bool(it.items), what="a task"
    )
    return queue.items[0].task_id


async def _in_the_store(looks: Looks, head: Caller, id_: str) -> None:
    async def held() -> dict[str, str]:
        found = await head.get("/v1/credentials", _Credentials)
        return {each.document_type: each.credential_id for each in found.items}

    credentials = await until(held, lambda it: len(it) >= 2, what="card and approved record are held")
    card, approved = credentials["id-card"], credentials["social-insurance-record"]
    asked: Json = {"resident_id": id_, "document_type": "social-insurance-record", "purpose": PURPOSE}
    for role in (Role.DEPARTMENT, Role.REVIEWER):
        police = looks.worker(role, f"psb-{role}", department="psb")
        await looks.tries("GET /v1/credentials/{id}", police, id=card, query={"purpose": PURPOSE})
        insurers = looks.worker(role, f"insurance-{role}", department="social-insurance")
        await looks.tries("POST /v1/queries", insurers, body=asked)
    for deed in ("suspension", "reinstatement", "reissue", "revocation"):
        keeper = looks.worker(Role.REVIEWER, deed, department="social-insurance")
        await looks.tries(f"POST /v1/credentials/{{id}}/{deed}", keeper, id=approved, body={"reason": PURPOSE})


async def _complaints(looks: Looks, head: Caller) -> None:
    """A correction and a dispute make tasks that are claimed, read, written on, given back and answered."""
    wrong: Json = {"document_type": "registration", "field": "address", "should_say": "3栋502", "reason": "已搬家"}
    correction = await heard_of(lambda: head.post("/v1/corrections", _Asked, wrong))
    answering = looks.worker(Role.REVIEWER, "correction", department="service-hall")
    task = await _task(answering, correction.correction_id)
    await _passed_around(looks, Role.REVIEWER, task, department="service-hall")
    colleague = await _taken_over(looks, Role.REVIEWER, task, department="service-hall")
    await colleague.caller.send("POST", f"/v1/tasks/{task}/release")
    await looks.claims(answering, task)
    body: Json = {"result": "refused", "explanation": "以登记为准"}
    await looks.tries("POST /v1/tasks/{task_id}/correction", answering, task_id=task, body=body)

    async def disputable() -> str | None:
        return next((each.access_id for each in await record(head) if each.by == "look-approval"), None)

    access = await until(disputable, bool, what="the look that is disputed is in the record")
    dispute = (await head.send("POST", f"/v1/accesses/{access}/dispute", body={"reason": "我没有申请"})).json()
    explaining = looks.worker(Role.REVIEWER, "explanation", department="social-insurance")
    task = await _task(explaining, dispute["dispute_id"])
    await looks.claims(explaining, task)
    operation = "POST /v1/tasks/{task_id}/explanation"
    await looks.tries(operation, explaining, task_id=task, body={"text": "办理居住证"})


async def _passed_around(looks: Looks, role: Role, task: str, *, department: str = "", community: str = "") -> None:
    """Have a task taken by one after the other: one reads it, one writes on it, one gives it back."""
    deeds: Mapping[str, Json] = {"read": None, "notes": {"text": "已致电"}, "release": None}
    taking = looks.worker(role, f"claim-{role}", department=department, community=community)
    await looks.tries("POST /v1/tasks/{task_id}/claim", taking, task_id=task)
    await taking.caller.send("POST", f"/v1/tasks/{task}/release")
    for deed, body in deeds.items():
        officer = looks.worker(role, f"{deed}-{role}", department=department, community=community)
        await looks.claims(officer, task)
        operation = "GET /v1/tasks/{task_id}" if deed == "read" else f"POST /v1/tasks/{{task_id}}/{deed}"
        await looks.tries(operation, officer, task_id=task, body=body)
        if deed != "release":
            await officer.caller.send("POST", f"/v1/tasks/{task}/release")


async def _taken_over(looks: Looks, role: Role, task: str, *, department: str = "", community: str = "") -> Worker:
    """Have one take the task, and a colleague take it over."""
    ill = looks.worker(role, f"ill-{role}", department=department, community=community)
    await looks.claims(ill, task)
    colleague = looks.worker(role, f"takeover-{role}", department=department, community=community)
    await looks.tries(f"POST {_TASK}/takeover", colleague, task_id=task, body={"reason": "同事请病假"})
    return colleague


async def _visited(looks: Looks, officer: Worker, resident: Caller, task: str) -> None:
    """Agree on a visit and photograph the door, by an officer who has it in hand."""
    day = looks.town.today + timedelta(days=1)
    slot: Json = {"begins": f"{day}T10:00:00+08:00", "ends": f"{day}T11:00:00+08:00"}
    await looks.tries("GET /v1/tasks/doors", officer)
    await looks.tries(f"POST {_TASK}/slots", officer, task_id=task, body={"slots": [slot]})
    await looks.tries(f"POST {_TASK}/visit-refusal", officer, task_id=task, body={"reason": "临时有急事"})
    await resident.post(f"/v1/visits/{task}/proposal", NoAnswer, slot)
    await looks.tries(f"POST {_TASK}/visit-acceptance", officer, task_id=task)
    picture = ("door.png", scans.png(7), "image/png")
    kept = await officer.caller.upload(f"/v1/tasks/{task}/photographs", _Photographed, file=picture, fields={})
    looks.tried_by.add((officer.role, f"POST {_TASK}/photographs"))
    looks.seen[officer.subject] += 1
    for method in ("GET", "DELETE"):
        id_ = kept.photographs[0].photograph_id
        await looks.tries(f"{method} {_PHOTOGRAPH}", officer, task_id=task, photograph_id=id_)


async def _behind_the_scenes(looks: Looks, id_: str) -> None:
    """Read the registration's events in clear, once the trail has them."""
    operator = looks.worker(Role.OPERATOR, "operator")

    async def recorded() -> bool:
        answer = await looks.town.client.get(
            f"/v1/trails/{id_}", headers={"Authorization": f"Bearer {operator.caller.token}"}
        )
        return "identity.id-registered" in answer.text

    await until(recorded, bool, what="the trail has the registration")
    await looks.tries("POST /v1/trails/{case}/disclosures", operator, case=id_, body={"reason": "INC-4711"})


async def _apply_for_permits(town: Town, head: Caller, made: Household) -> tuple[str, str]:
    """Apply twice where everything proves itself, so that only the doors have to be looked at."""
    held = (
        records.portrait_photo(made.head, town.today),
        records.property_certificate(made.head, made.property_number, made.home.address),
        records.social_insurance_record(made.head, 24),
    )
    await town.tell(*(replace(each, record_id=f"look-{each.document_type}") for each in held))
    first, second = [await portal.draft(head, "residence-permit", {"address": made.home.address}) for _ in range(2)]
    await until(
        lambda: portal.explain(head, "residence-permit"),
        lambda it: not it.bring,
        what="everything is held",
    )
    for each in (first, second):
        await portal.submit(head, each)
    return first, second


async def _at_the_door(looks: Looks, resident: Caller, permits: tuple[str, str], community: str) -> None:
    """Confirm one address and not the other."""
    endings: Mapping[str, Json] = {"approval": {"note": "本人居住"}, "rejection": {"reason": "无人居住"}}
    for (ending, body), application in zip(endings.items(), permits, strict=True):
        officer = looks.worker(Role.GRID_OFFICER, f"door-{ending}", community=community)
        task = await _task(officer, application)
        if ending == "approval":
            await _passed_around(looks, Role.GRID_OFFICER, task, community=community)
            colleague = await _taken_over(looks, Role.GRID_OFFICER, task, community=community)
            await _visited(looks, colleague, resident, task)
            await colleague.caller.send("POST", f"/v1/tasks/{task}/release")
        await looks.claims(officer, task)
        await looks.tries(f"POST /v1/tasks/{{task_id}}/{ending}", officer, task_id=task, body=body)
