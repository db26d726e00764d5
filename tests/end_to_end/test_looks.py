"""Whoever sees or uses a person's data stands in that person's record: every operation that lets them, tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from runtime.access import Role
from synthetic.caller import Answer, Caller, Json
from synthetic.households import Household
from synthetic.people import Person
from tests.contract.access import table
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.waiting import until
from tests.load.forms import form_for

SHOWING = frozenset(
    {"stated-purpose", "masked-look", "hand", "claimed", "department", "shared-with-department", "clear-with-reason"}
)
"""Scopes that reach the data of somebody else than the caller."""
NOT_A_LOOK: Mapping[str, str] = {
    "GET /v1/tasks": "a queue names nobody",
    "POST /v1/hand-overs": "what the department itself hands over",
    "GET /v1/hand-overs": "its own hand-overs, counted",
    "GET /v1/hand-overs/{id}": "the same",
    "GET /v1/hand-overs/{id}/refused": "the department's own lines",
    "POST /v1/hand-overs/{id}/pause": "nobody's data",
    "POST /v1/hand-overs/{id}/resume": "nobody's data",
    "POST /v1/hand-overs/{id}/cancel": "nobody's data",
    "POST /v1/failures/{id}/disclosures": "needs a dead letter: services/operations/tests/test_operations_concerned.py",
}
PURPOSE = "核实登记信息"


class _Credential(Answer):
    credential_id: str
    document_type: str


class _Credentials(Answer):
    items: tuple[_Credential, ...] = ()


class _Asked(Answer):
    correction_id: str


class _Access(Answer):
    access_id: str
    by: str
    purpose: str | None


class _Accesses(Answer):
    items: tuple[_Access, ...] = ()


@dataclass
class Looks:
    """Who did what, each under a name of their own."""

    town: Town
    who: dict[str, str] = field(default_factory=dict)
    stated: set[str] = field(default_factory=set)

    async def tried(self, operation: str, worker: Caller, subject: str, **parts: Json) -> httpx.Response:
        """Call an operation and remember by whom; `query`, `body` and the path's parameters are the parts."""
        query, body = parts.pop("query", None), parts.pop("body", None)
        method, _, template = operation.partition(" ")
        answer = await worker.send(method, template.format(**parts), query=query, body=body)  # type: ignore[arg-type] # a mapping, or nothing
        self.who[operation] = subject
        if PURPOSE in str((query, body)):
            self.stated.add(subject)
        return answer


async def test_every_look_at_somebody_elses_data_is_in_their_record(town: Town) -> None:
    made = town.meet("newcomers")
    head = await town.welcome(made)
    assert made.child is not None
    looks, child = Looks(town), town.resident(made.child)
    await _at_the_window(looks, made.head, made.child)
    await _sign_tenancy(town, made)
    await _at_the_desk(looks, head, f"{made.home.address}旁")
    await _in_the_store(looks, head, town.ids[made.head.number])
    await _complaints(looks, head)
    await _behind_the_scenes(looks, town.ids[made.head.number], made.home.address)

    wanted = {
        operation
        for _, operation, line in table().lines()
        if any(scope in SHOWING for scope in line.scopes.values()) and operation not in NOT_A_LOOK
    }
    assert set(looks.who) == wanted

    async def missing() -> set[str]:
        found = [*(await _record(head)), *(await _record(child))]
        purposes = {each.by for each in found if each.purpose == PURPOSE}
        return set(looks.who.values()) - {each.by for each in found} | looks.stated - purposes

    await until(missing, lambda it: not it, what="everybody who looked is in the record, with the purpose stated")


async def _record(resident: Caller) -> tuple[_Access, ...]:
    return (await resident.get("/v1/accesses", _Accesses, {"limit": 100})).items


async def _at_the_window(looks: Looks, head: Person, child: Person) -> None:
    town, id_ = looks.town, looks.town.ids[head.number]
    for number, path in enumerate(("", "/wards", "/history")):
        clerk = town.worker("clerk", f"look-clerk-{number}")
        operation = f"GET /v1/residents/{{id}}{path}"
        await looks.tried(operation, clerk, f"look-clerk-{number}", id=id_, query={"purpose": PURPOSE})
    clerk = town.worker("clerk", "look-clerk-9")
    await looks.tried("POST /v1/lookups", clerk, "look-clerk-9", body={"number": child.number, "purpose": PURPOSE})
    official = town.worker("official", "look-official")
    asked: Json = {"item": "senior-card", "applicant": {"resident_id": id_}, "purpose": PURPOSE}
    await looks.tried("POST /v1/dry-runs", official, "look-official", body=asked)


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
        subject, department = f"look-{ending}", documents[requirement][1]
        officer = looks.town.worker("reviewer", subject, department=department)
        task = await _task(officer, application)
        await desk.claim(officer, task)
        if requirement == "housing":
            operation = "GET /v1/applications/{application_id}/agreement"
            await _in_hand(looks, officer, f"/v1/applications/{application}/agreement")
            await looks.tried(operation, officer, subject, application_id=application, query={"purpose": PURPOSE})
        if requirement == "work":
            await _scan(looks, officer, subject, application, await desk.read(officer, task))
        await looks.tried(f"POST /v1/tasks/{{task_id}}/{ending}", officer, subject, task_id=task, body=body)


async def _scan(looks: Looks, officer: Caller, subject: str, application: str, task: desk.Task) -> None:
    assert task.document is not None
    where: dict[str, Json] = {"application_id": application, "scan_id": task.document.scans[0].scan_id}
    await _in_hand(looks, officer, f"/v1/applications/{application}/scans/{where['scan_id']}")
    operation = "GET /v1/applications/{application_id}/scans/{scan_id}"
    await looks.tried(operation, officer, subject, query={"purpose": PURPOSE}, **where)


async def _in_hand(looks: Looks, officer: Caller, path: str) -> None:
    async def opened() -> bool:
        answer = await looks.town.client.get(
            path, params={"purpose": PURPOSE}, headers={"Authorization": f"Bearer {officer.token}"}
        )
        return answer.is_success

    await until(opened, bool, what="the claim is known to applications")


async def _task(officer: Caller, case: str) -> str:
    queue = await until(lambda: desk.queue(officer, application_id=case), lambda it: bool(it.items), what="a task")
    return queue.items[0].task_id


async def _in_the_store(looks: Looks, head: Caller, id_: str) -> None:
    async def held() -> dict[str, str]:
        found = await head.get("/v1/credentials", _Credentials)
        return {each.document_type: each.credential_id for each in found.items}

    credentials = await until(held, lambda it: len(it) >= 2, what="card and approved record are held")
    system = looks.town.worker("department", "look-psb", department="psb")
    card, record = credentials["id-card"], credentials["social-insurance-record"]
    await looks.tried("GET /v1/credentials/{id}", system, "look-psb", id=card, query={"purpose": PURPOSE})
    asked: Json = {"resident_id": id_, "document_type": "social-insurance-record", "purpose": PURPOSE}
    other = looks.town.worker("department", "look-si", department="social-insurance")
    await looks.tried("POST /v1/queries", other, "look-si", body=asked)
    for deed in ("suspension", "reinstatement", "reissue", "revocation"):
        keeper = looks.town.worker("reviewer", f"look-{deed}", department="social-insurance")
        operation = f"POST /v1/credentials/{{id}}/{deed}"
        await looks.tried(operation, keeper, f"look-{deed}", id=record, body={"reason": PURPOSE})


async def _complaints(looks: Looks, head: Caller) -> None:
    """A correction and a dispute make tasks that are claimed, read, written on, given back and answered."""
    wrong: Json = {"document_type": "registration", "field": "address", "should_say": "3栋502", "reason": "已搬家"}
    correction = await head.post("/v1/corrections", _Asked, wrong)
    officers = {
        deed: looks.town.worker("reviewer", f"look-{deed}", department="service-hall")
        for deed in ("claim", "read", "notes", "release", "correction")
    }
    task = await _task(officers["claim"], correction.correction_id)
    await looks.tried("POST /v1/tasks/{task_id}/claim", officers["claim"], "look-claim", task_id=task)
    await officers["claim"].send("POST", f"/v1/tasks/{task}/release")
    bodies: Mapping[str, Json] = {"notes": {"text": "已致电"}, "correction": {"result": "refused", "explanation": "x"}}
    for deed, officer in list(officers.items())[1:]:
        await desk.claim(officer, task)
        operation = "GET /v1/tasks/{task_id}" if deed == "read" else f"POST /v1/tasks/{{task_id}}/{deed}"
        await looks.tried(operation, officer, f"look-{deed}", task_id=task, body=bodies.get(deed))
        if deed in {"read", "notes"}:
            await officer.send("POST", f"/v1/tasks/{task}/release")

    async def disputable() -> str | None:
        return next((each.access_id for each in await _record(head) if each.by == "look-approval"), None)

    access = await until(disputable, bool, what="the look that is disputed is in the record")
    dispute = (await head.send("POST", f"/v1/accesses/{access}/dispute", body={"reason": "我没有申请"})).json()
    explaining = looks.town.worker("reviewer", "look-explanation", department="social-insurance")
    task = await _task(explaining, dispute["dispute_id"])
    await desk.claim(explaining, task)
    operation = "POST /v1/tasks/{task_id}/explanation"
    await looks.tried(operation, explaining, "look-explanation", task_id=task, body={"text": "办理居住证"})


async def _behind_the_scenes(looks: Looks, id_: str, address: str) -> None:
    """Read the registration's events in clear, once the trail has them."""
    operator, operation = looks.town.worker("operator", "look-operator"), "POST /v1/trails/{case}/disclosures"

    async def disclosed() -> bool:
        answer = await looks.tried(operation, operator, "look-operator", case=id_, body={"reason": "INC-4711"})
        return address in answer.text or "identity.id-registered" in answer.text

    await until(disclosed, bool, what="the trail has the registration")
    assert Role.OPERATOR in table().of("operations")[operation].roles
