"""What residents are told before they apply is what comes of it; and questions asked as people type them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from synthetic import records
from synthetic.caller import CallerAnswer, Json
from tests.end_to_end.town import Town
from tests.journeys import portal
from tests.journeys.waiting import until


class _Prefilled(CallerAnswer):
    field: str
    value: str
    text: str


class _Told(CallerAnswer):
    prefilled: tuple[_Prefilled, ...]
    form: Mapping[str, str] = {}


class _Run(CallerAnswer):
    all_proven: bool


async def test_a_permit_holder_applies_with_nothing_but_the_sign_in(town: Town) -> None:
    made = town.meet("senior")
    home = made.home.address
    granted = town.today - timedelta(days=400)
    permit = replace(records.residence_permit(made.head, made.home, granted), record_id=f"permit-{made.index}")
    photo = replace(records.portrait_photo(made.head, town.today - timedelta(days=40)), record_id=f"p-{made.index}")
    head = replace(made.head, address="湖南省衡阳县蒸阳大道18号")
    resident = await town.welcome(replace(made, head=head))
    await town.tell(permit, photo)
    explained = await until(
        lambda: portal.explain(resident, "senior-card"),
        lambda it: all(need.need == "held" for need in it.documents),
        what="nothing has to be brought",
    )
    assert (explained.eligible, explained.bring) == (True, ())
    told = await resident.get("/v1/items/senior-card/eligibility", _Told)
    assert [(each.field, each.value) for each in told.prefilled] == [("registered_address", home)]
    official = town.worker("official", "official-1")
    asked: dict[str, Json] = {
        "item": "senior-card",
        "applicant": {"resident_id": town.ids[head.number]},
        "purpose": "核对",
    }
    assert (await official.post("/v1/dry-runs", _Run, asked)).all_proven
    application = await portal.draft(resident, "senior-card", {})
    draft = await resident.get(f"/v1/applications/{application}", _Told)
    assert draft.form == {}
    assert draft.prefilled == told.prefilled
    await portal.submit(resident, application)
    seen = await until(
        lambda: portal.see(resident, application), lambda it: it.state != "in-progress", what="it is decided"
    )
    assert seen.state == "approved"
    assert (await resident.get(f"/v1/applications/{application}", _Told)).form == {"registered_address": home}


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("q=老人", "200", "senior-allowance"),
        ("q=老人&limit=1", "200", "senior-allowance"),
        ("q=%E8%80%81%E4%BA%BA", "200", "senior-allowance"),
        ("q=\udcff\udcfe", "400", "query-not-utf8"),
        ("q=%ff", "400", "编码有误"),
    ],
)
def test_a_query_is_taken_as_curl_sends_it(town: Town, query: str, status: str, said: str) -> None:
    command = ["curl", "-s", "-g", "--cacert", str(town.stack.authority), "-w", "%{http_code} %{content_type}"]
    done = subprocess.run(  # noqa: S603 - ours
        [*command, f"{town.stack.gateway_url}/v1/items?{query}"], capture_output=True, check=True
    )
    answer = done.stdout.decode()
    kind = "application/json" if status == "200" else "application/problem+json"
    assert answer.endswith(f"{status} {kind}")
    assert said in answer
