"""What a guardian sees or does for a child, and either party of the other, stands in that one's record, too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from local_stack.devices import ProvingAuth
from synthetic.caller import Caller, CallerAnswer, Json
from synthetic.households import Household
from testkit.patience import PATIENCE
from tests.end_to_end.looks import record, showing
from tests.end_to_end.town import Town
from tests.journeys import erasures, portal, scans
from tests.journeys.waiting import heard_of, until
from tests.load.forms import form_for
from web.auth import Role

SHOWING = frozenset({"own-or-ward", "second-party", "either-party"})
NOT_A_LOOK: Mapping[str, str] = {
    "POST /v1/applications": "an application of the guardian's own, for a child",
    "GET /v1/accesses": "the record itself",
    "GET /v1/accesses/{id}": "the same",
    "GET /v1/accesses/{id}/proof": "the same",
    "GET /v1/disputes": "what was asked for is in the record; what came of it is no other look",
    "GET /v1/disputes/{id}": "the same",
    "GET /v1/corrections": "the same",
    "GET /v1/corrections/{id}": "the same",
    "GET /v1/exports/{id}": "the same; only whoever asked for it",
    "GET /v1/exports/{id}/content": "the same",
    "GET /v1/exports/{id}/page": "the same",
    "POST /v1/erasures": "kinds and numbers of what would go; the confirmation is the deed",
    "GET /v1/erasures": "the same",
    "GET /v1/erasures/{id}": "the same",
}
ITEM: Final = "rental-contract-filing"


class _Scan(CallerAnswer):
    scan_id: str


class _Application(CallerAnswer):
    scans: tuple[_Scan, ...]


class _Credential(CallerAnswer):
    credential_id: str


class _Credentials(CallerAnswer):
    items: tuple[_Credential, ...] = ()


@dataclass
class Deeds:
    """What the guardian did: by the operation, what the child's record is to say of it."""

    guardian: Caller
    child: str
    tried: set[tuple[Role, str]] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)

    async def tries(self, operation: str, told: str, **parts: Json) -> None:
        """Call an operation for the child, which must be answered; `told` is how and what the record says.

        A refusal is waited out where it may only mean that the guardianship has not arrived; it shows nothing.
        """
        query, body = parts.pop("query", None), parts.pop("body", None)
        method, _, template = operation.partition(" ")

        await heard_of(lambda: self.guardian.send(method, template.format(**parts), query=query, body=body))  # type: ignore[arg-type] # a mapping, or nothing
        self.tried.add((Role.RESIDENT, operation))
        self.told[told] += 1

    async def follows(self, operation: str, told: str, town: Town, **parts: str) -> None:
        """Call an operation that answers without an end, as far as the first event."""
        method, _, template = operation.partition(" ")
        headers = {"Authorization": f"Bearer {self.guardian.token}"}
        auth = ProvingAuth(town.stack.layout.keys)
        async with (
            httpx.AsyncClient(base_url=town.stack.gateway_url, verify=town.stack.trusted, timeout=PATIENCE) as client,
            client.stream(method, template.format(**parts), headers=headers, auth=auth) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            async with asyncio.timeout(PATIENCE):
                assert await anext(line async for line in answer.aiter_lines() if line == "event: progress")
        self.tried.add((Role.RESIDENT, operation))
        self.told[told] += 1


async def test_whatever_a_guardian_does_for_a_child_is_in_the_childs_record(town: Town) -> None:
    made = town.meet("newcomers")
    guardian = await town.welcome(made)
    assert made.child is not None
    deeds = Deeds(guardian, town.ids[made.child.number])
    itself = town.resident(made.child)

    await _as_party(deeds, town, made, itself)
    await _as_other_party(deeds, town, made)
    await _of_the_child(deeds)
    await _in_the_store(deeds, itself)
    await _asking(deeds, itself)

    assert deeds.tried == showing(SHOWING, NOT_A_LOOK)

    async def told() -> Counter[str]:
        found = await record(itself)
        return Counter(f"{it.how.code} {it.what.code}" for it in found if it.by == town.ids[made.head.number])

    await until(told, lambda it: it == deeds.told, what="each of the guardian's deeds is in the child's record, once")


async def test_each_party_reads_that_the_other_one_looked(town: Town) -> None:
    made = town.meet("newcomers")
    tenant = await town.welcome(made)
    assert made.landlord is not None
    landlord = town.resident(made.landlord)
    form = form_for(ITEM, made, town.today)
    application = await portal.draft(tenant, ITEM, form, second_party_number=made.landlord.number)
    await portal.submit(tenant, application)
    await until(lambda: portal.to_confirm(landlord), lambda it: bool(it.items), what="the landlord is asked")
    await portal.confirm(landlord, application)
    agreement = f"/v1/applications/{application}/agreement"
    await landlord.send("GET", agreement)
    await tenant.send("GET", agreement)

    before_they_confirmed = "second-party"
    for whose, other, unnamed in ((tenant, made.landlord, 2), (landlord, made.head, 0)):
        wanted = Counter({town.ids[other.number]: 1, before_they_confirmed: unnamed})
        await until(
            lambda whose=whose: record(whose),  # type: ignore[misc] # bound here, called here
            lambda it, wanted=wanted: wanted <= Counter(each.by for each in it),  # type: ignore[misc] # the same
            what="the other party's looks",
        )


async def _as_party(deeds: Deeds, town: Town, made: Household, itself: Caller) -> None:
    """The child has applied, and the guardian looks at that."""
    assert made.landlord is not None
    form = form_for(ITEM, made, town.today)
    application = await portal.draft(itself, ITEM, form, second_party_number=made.landlord.number)
    await portal.hand_in(itself, application, "tenant-id-card", "id-card", scans.png())
    await portal.submit(itself, application)
    scan = (await itself.get(f"/v1/applications/{application}", _Application)).scans[0].scan_id
    one = "GET /v1/applications/{application_id}"
    await deeds.tries("GET /v1/applications", "viewed application", query={"applicant": deeds.child})
    for path in ("", "/timeline", "/agreement", "/receipt"):
        await deeds.tries(f"{one}{path}", "viewed application", application_id=application)
    await deeds.follows(f"{one}/stream", "viewed application", town, application_id=application)
    await deeds.tries(f"{one}/scans/{{scan_id}}", "opened scan", application_id=application, scan_id=scan)


async def _as_other_party(deeds: Deeds, town: Town, made: Household) -> None:
    """The landlord rents the child's flat."""
    assert made.landlord is not None
    assert made.child is not None
    tenant = town.resident(made.landlord)
    form = form_for(ITEM, made, town.today)
    application = await portal.draft(tenant, ITEM, form, second_party_number=made.child.number)
    await portal.submit(tenant, application)
    await deeds.tries("GET /v1/confirmations", "viewed application", query={"resident_id": deeds.child})
    body: Json = {"agrees": False, "reason": "租期有误", "resident_id": deeds.child}
    operation = "POST /v1/applications/{application_id}/confirmation"
    await deeds.tries(operation, "worked-on application", application_id=application, body=body)


async def _of_the_child(deeds: Deeds) -> None:
    for path, what in (("", "registration"), ("/wards", "wards"), ("/history", "history")):
        await deeds.tries(f"GET /v1/residents/{{id}}{path}", f"viewed {what}", id=deeds.child)
    for_child: Json = {"subject_id": deeds.child}
    assert isinstance(for_child, dict)
    operation = "GET /v1/items/{code}/eligibility"
    await deeds.tries(operation, "viewed evidence", code="school-enrolment", query=for_child)
    await deeds.tries("GET /v1/eligibility", "viewed evidence", query=for_child)
    await deeds.tries("GET /v1/evidence", "viewed evidence", query={"item": "school-enrolment", **for_child})


async def _in_the_store(deeds: Deeds, itself: Caller) -> None:
    held = await until(
        lambda: itself.get("/v1/credentials", _Credentials), lambda it: bool(it.items), what="the child's card is held"
    )
    card = held.items[0].credential_id
    await deeds.tries("GET /v1/credentials", "viewed credential", query={"holder": deeds.child})
    one = "/v1/credentials/{id}"
    await deeds.tries(f"GET {one}", "viewed credential", id=card)
    await deeds.tries(f"POST {one}/presentations", "viewed credential", id=card, body={"fields": ["name"]})
    await deeds.tries(f"GET {one}/qr.{{form}}", "viewed credential", id=card, form="png", query={"field": "name"})


async def _asking(deeds: Deeds, itself: Caller) -> None:
    whose: Json = {"resident_id": deeds.child}
    wrong: Json = {"document_type": "registration", "field": "name", "should_say": "李思源", "reason": "错字"}
    assert isinstance(wrong, dict)
    assert isinstance(whose, dict)
    entries = await until(lambda: record(itself), bool, what="an entry that can be disputed")
    dispute = "POST /v1/accesses/{id}/dispute"
    await deeds.tries(dispute, "disputed access", id=entries[0].access_id, query=whose, body={"reason": "我没有看"})
    await deeds.tries("POST /v1/corrections", "corrected registration", body={**wrong, **whose})
    await deeds.tries("POST /v1/exports", "exported everything", body=whose)
    shown = await erasures.preview(deeds.guardian, resident_id=deeds.child)
    confirmation = "POST /v1/erasures/{id}/confirmation"
    await deeds.tries(
        confirmation,
        "erased everything",
        id=shown.erasure_id,
        body={"preview": shown.preview, "resident_id": deeds.child},
    )
