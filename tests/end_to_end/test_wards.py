"""A guardian reads what the child could read, as long as the guardianship lasts, and nobody else does."""

from __future__ import annotations

from datetime import datetime

from runtime.clock import today, utc_now
from synthetic.caller import Caller, CallerAnswer, CallerProblem, NoAnswer, ProblemError
from tests.end_to_end.town import Town, refusal
from tests.journeys import exports, portal
from tests.journeys.waiting import heard_of, until
from tests.load.forms import form_for


class _Credential(CallerAnswer):
    credential_id: str


class _Credentials(CallerAnswer):
    items: tuple[_Credential, ...] = ()


class _Presentation(CallerAnswer):
    shown: tuple[str, ...]


class _Access(CallerAnswer):
    by: str
    sentence: str


class _Accesses(CallerAnswer):
    items: tuple[_Access, ...] = ()


class _Signature(CallerAnswer):
    name: str
    guardian: str | None


class _Agreement(CallerAnswer):
    signatures: tuple[_Signature, ...]
    evidence: str | None


class _Verified(CallerAnswer):
    valid: bool


class _Guardianship(CallerAnswer):
    guardianship_id: str


async def _credentials(reader: Caller, holder: str) -> _Credentials | CallerProblem:
    try:
        return await reader.get("/v1/credentials", _Credentials, {"holder": holder})
    except ProblemError as error:
        return error.problem


async def _record(reader: Caller, ward: str) -> _Accesses | CallerProblem:
    try:
        return await reader.get("/v1/accesses", _Accesses, {"resident_id": ward, "how": "viewed"})
    except ProblemError as error:  # data-rights does not know of the guardianship yet
        return error.problem


async def test_a_guardian_reads_a_wards_credentials_and_nobody_elses(town: Town) -> None:
    made = town.meet("newcomers")
    guardian = await town.welcome(made)
    assert made.child is not None
    child = town.ids[made.child.number]
    stranger = await town.welcome(town.meet("senior"))

    seen = await until(
        lambda: _credentials(guardian, child),
        lambda it: isinstance(it, _Credentials) and bool(it.items),
        what="the guardianship and the child's card have arrived",
    )
    assert isinstance(seen, _Credentials)
    card = f"/v1/credentials/{seen.items[0].credential_id}"
    await guardian.get(card, NoAnswer)
    shown = await guardian.post(f"{card}/presentations", _Presentation, {"fields": ["name"]})
    assert shown.shown == ("name",)
    assert (await guardian.send("GET", f"{card}/qr.svg?field=name")).is_success
    for address in (f"{card}/presentations", f"{card}/qr.png"):
        asked = (
            stranger.post(address, NoAnswer, {"fields": []}) if "pres" in address else stranger.get(address, NoAnswer)
        )
        assert (await refusal(asked)).status == 404
    record = await until(
        lambda: _record(guardian, child),
        lambda it: isinstance(it, _Accesses) and sum("credential" in each.sentence for each in it.items) >= 4,
        what="each of the guardian's uses is in the child's record",
    )
    assert isinstance(record, _Accesses)
    assert all(each.by == town.ids[made.head.number] for each in record.items if "credential" in each.sentence)
    assert (await refusal(stranger.get(card, NoAnswer))).status == 404
    for somebody in (child, "res_00000000000000000000000000"):
        problem = await _credentials(stranger, somebody)
        assert isinstance(problem, CallerProblem)
        assert (problem.status, problem.code) == (403, "not-your-ward")
        listed = await refusal(stranger.get("/v1/applications", NoAnswer, {"applicant": somebody}))
        assert (listed.status, listed.code) == (403, "no-guardianship")
    await heard_of(lambda: guardian.get("/v1/applications", NoAnswer, {"applicant": child}))

    again = {"guardian_id": town.ids[made.head.number], "child_id": child, "relation": "guardian"}
    held = await town.clerk().post(
        "/v1/guardianships", _Guardianship, {**again, "proof": {"kind": "birth-certificate", "reference": "S1"}}
    )
    await town.clerk().post(f"/v1/guardianships/{held.guardianship_id}/end", NoAnswer, {"reason": "改由母亲监护"})
    await until(
        lambda: _credentials(guardian, child),
        lambda it: isinstance(it, CallerProblem) and it.code == "not-your-ward",
        what="the end of the guardianship has arrived",
    )
    assert (await refusal(guardian.get(card, NoAnswer))).status == 404


async def test_a_guardian_signs_for_a_child_whose_flat_is_let(town: Town) -> None:
    family, tenants = town.meet("settled"), town.meet("newcomers")
    guardian, tenant = await town.welcome(family), await town.welcome(tenants)
    assert family.child is not None
    child, itself = town.ids[family.child.number], town.resident(family.child)
    form = form_for("rental-contract-filing", tenants, town.today)
    application = await portal.draft(tenant, "rental-contract-filing", form, second_party_number=family.child.number)
    await portal.submit(tenant, application)
    await until(
        lambda: portal.to_confirm(guardian, child),
        lambda it: any(each.application_id == application for each in it.items),
        what="the guardian is asked for the child",
    )
    await portal.confirm(guardian, application, ward=child)

    for reader in (guardian, tenant, itself):
        agreed = await reader.get(f"/v1/applications/{application}/agreement", _Agreement)
        assert [(each.name, each.guardian) for each in agreed.signatures] == [
            (tenants.head.name, None),
            (family.child.name, family.head.name),
        ]
        verified = await reader.post("/v1/verifications", _Verified, {"presentation": agreed.evidence or ""})
        assert verified.valid
    await until(
        lambda: itself.get("/v1/accesses", _Accesses, {"application_id": application}),
        lambda it: sum(each.by == town.ids[family.head.number] for each in it.items) >= 3,
        what="the guardian's look, answer and reading are in the child's record",
    )

    [signed] = (await exports.everything(guardian))["applications"]["signatures"]
    assert (signed["application_id"], signed["for_resident"]) == (application, child)
    assert today(datetime.fromisoformat(signed["at"])) in {town.today, today(utc_now())}
    assert not {family.child.name, *map(str, form.values())} & set(map(str, signed.values()))
