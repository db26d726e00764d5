"""Guardianship: who may act for a child, on the proof that was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, InputFault, Json
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.visits import PageVisit
from portal.window.registration import Clerk
from portal.window.residents import WindowResident
from runtime.texts import DEFAULT

router = page_router()

RELATIONS = ("mother", "father", "guardian")
PROOFS = ("birth-certificate", "household-register", "court-decision", "committee-appointment")
_PLACES = {"/proof/kind": "kind", "/proof/reference": "reference"}


class WindowGuardianship(GatewayAnswer):
    """Until when it holds."""

    ends_on: date


@router.get("/window/guardianship")
async def begin(visit: Clerk) -> Response:
    """Ask who acts for which child, and on what proof."""
    return _form(visit, visit.filled)


@router.post("/window/guardianship")
async def establish(visit: Clerk, form: Sent) -> Response:
    """Find both by their numbers, and let the one act for the other."""
    guardian, child = await _found(visit, form, "guardian_number"), await _found(visit, form, "child_number")
    refusals = [it for it in (guardian, child) if isinstance(it, GatewayProblem)]
    if refusals:
        errors = tuple(fault for it in refusals for fault in it.errors)
        return _form(visit, form.filled, refusals[0].model_copy(update={"errors": errors}))
    assert isinstance(guardian, WindowResident)  # noqa: S101 - what is no refusal
    assert isinstance(child, WindowResident)  # noqa: S101 - likewise
    body: dict[str, Json] = {
        "guardian_id": guardian.resident_id,
        "child_id": child.resident_id,
        "relation": form.text("relation"),
        "proof": {"kind": form.text("kind"), "reference": form.text("reference")},
    }
    try:
        made = await visit.call.post("/v1/guardianships", WindowGuardianship, body, once=form.once)
    except CallRefused as refused:
        return _form(visit, form.filled, refused.problem)
    return visit.show(
        "window/guardianship-registered.html",
        here="guardianship",
        guardian=guardian,
        child=child,
        relation=form.text("relation"),
        made=made,
    )


async def _found(visit: PageVisit, form: Form, field: str) -> WindowResident | GatewayProblem:
    """Find a person by a number that was typed; what is wrong with it is said beside its own field."""
    purpose = visit.frame.texts.say(DEFAULT, "frame.purposes.guardianship")
    asked: dict[str, Json] = {"number": form.text(field), "purpose": purpose}
    try:
        return await visit.call.post("/v1/lookups", WindowResident, asked, once=f"{form.once}-{field[:5]}")
    except CallRefused as refused:
        problem = refused.problem
        errors = problem.errors or (InputFault(detail=problem.detail, action=problem.action),)
        return problem.model_copy(
            update={"errors": tuple(it.model_copy(update={"pointer": f"#/{field}"}) for it in errors)}
        )


def _form(visit: PageVisit, filled: Mapping[str, str], problem: GatewayProblem | None = None) -> Response:
    fields = {**_PLACES, "/guardian_id": "guardian_number", "/child_id": "child_number"}
    return visit.show(
        "window/guardianship.html",
        here="guardianship",
        problem=problem,
        fields=fields,
        filled=filled,
        relations=[(each, visit.t(f"window.relations.{each}"), "") for each in RELATIONS],
        proofs=[(each, visit.t(f"window.proofs.{each}")) for each in PROOFS],
    )
