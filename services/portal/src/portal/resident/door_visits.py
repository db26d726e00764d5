"""Visits at one's door: when the grid officer comes, agreed on with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.slots import read_slot, slot_fault
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from portal.resident.visitors import Resident

router = page_router()

_ROW = 1


class OwnSlot(GatewayAnswer):
    """A time in which the officer comes."""

    begins: datetime
    ends: datetime
    text: str


class OwnArrangement(GatewayAnswer):
    """What is agreed of a visit, in a sentence."""

    state: str
    text: str
    slot: OwnSlot | None
    offered: tuple[OwnSlot, ...]


class OwnVisit(GatewayAnswer):
    """A visit that an application waits for; `visit` is None before anything was said of it."""

    task_id: str
    version: int
    application_id: str
    due_text: str
    visit: OwnArrangement | None

    @property
    def waits_for_applicant(self) -> bool:
        """Tell whether there are times to choose from."""
        return self.visit is not None and self.visit.state == "offered"


class OwnVisits(GatewayAnswer):
    """The visits that one's applications wait for."""

    visits: tuple[OwnVisit, ...]


async def visits_of(visit: PageVisit) -> OwnVisits:
    """Return the visits that the resident's applications wait for. Raises Refused, Away."""
    return await visit.call.get("/v1/visits", OwnVisits)


@router.get("/my/visits/{task_id}")
async def see(visit: Resident, task_id: str) -> Response:
    """Show what is offered or agreed, to choose or propose a time."""
    return await _page(visit, task_id)


@router.post("/my/visits/{task_id}/choice")
async def choose(visit: Resident, form: Sent, task_id: str) -> Response:
    """Choose one of the times that the officer offers."""
    begins, _, ends = form.text("slot").partition("/")
    if not ends:
        missing = GatewayProblem(
            status=422,
            title=visit.t("frame.problem"),
            errors=(slot_fault(visit, _ROW).model_copy(update={"pointer": "#/slot"}),),
        )
        return await _page(visit, task_id, missing, form)
    return await _do(visit, form, task_id, "choice", {"begins": begins, "ends": ends})


@router.post("/my/visits/{task_id}/proposal")
async def propose(visit: Resident, form: Sent, task_id: str) -> Response:
    """Propose another time."""
    slot, faults = read_slot(visit, form, _ROW)
    if slot is None:
        errors = tuple(faults) or (slot_fault(visit, _ROW),)
        problem = GatewayProblem(status=422, title=visit.t("frame.problem"), errors=errors)
        return await _page(visit, task_id, problem, form)
    fields = {f"/{part}": f"{part}-{_ROW}" for part in ("begins", "ends")}
    return await _do(visit, form, task_id, "proposal", slot, fields)


@router.post("/my/visits/{task_id}/refusal")
async def call_off(visit: Resident, form: Sent, task_id: str) -> Response:
    """Call the visit off; the officer reads why."""
    return await _do(visit, form, task_id, "refusal", {"reason": form.text("reason")})


async def _do(
    visit: PageVisit,
    form: Form,
    task_id: str,
    deed: str,
    body: dict[str, Json],
    fields: Mapping[str, str] | None = None,
) -> Response:
    path, version = f"/v1/visits/{path_of(task_id)}/{deed}", f'"{form.text("version")}"'
    try:
        await visit.call.post(path, Nothing, body, once=form.once, version=version)
    except CallRefused as refused:
        return await _page(visit, task_id, refused.problem, form, fields)
    return visit.go(f"/my/visits/{path_of(task_id)}?done=visit-{deed}")


async def _page(
    visit: PageVisit,
    task_id: str,
    problem: GatewayProblem | None = None,
    form: Form | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    found = next((each for each in (await visits_of(visit)).visits if each.task_id == task_id), None)
    return visit.show(
        "resident/door-visit.html",
        problem=problem,
        filled=form.filled if form else None,
        fields=fields,
        here="home",
        asked=found,
    )
