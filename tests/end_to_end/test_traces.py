"""One case is one trace: who applies, who matches and who decides later, over HTTP and over the bus, in one tree."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local_stack.ports import SERVICES
from synthetic.caller import Caller
from synthetic.households import Household
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.trail import Event, read_trail
from tests.journeys.waiting import until
from tests.load.forms import form_for

CALLERS_TRACE, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Span(BaseModel):
    model_config = ConfigDict(extra="ignore")
    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    error: str | None
    attributes: dict[str, str | int]
    links: list[str]


async def test_one_case_is_one_trace_from_the_portal_to_the_credential(town: Town) -> None:
    made, application = await _reviewed(town)
    trace = sha256(application.encode()).hexdigest()[:32]
    trail = await read_trail(town.stack.amqp_url, town.stack.layout.keys, application)

    spans = await until(lambda: _spans(trace), lambda it: _is_complete(it, trail), what="every span has arrived")

    known = {span.span_id: span for span in spans}
    assert len(known) == len(spans)
    roots = [span for span in spans if span.parent_id is None]
    assert {span.kind for span in roots} == {"server"}
    assert {f"{span.service}: {span.name}" for span in roots} >= {
        "applications: POST /v1/applications/{application_id}/submission",
        "review-dispatch: POST /v1/tasks/{task_id}/claim",
        "review-dispatch: POST /v1/tasks/{task_id}/approval",
    }
    for event in trail:
        published = known[sha256(event.id.encode()).hexdigest()[:16]]
        assert (published.service, published.kind) == (event.publisher, "producer")
    credentials = next(span for span in spans if span.name == "publish credential-store.credential-stored.v1")
    assert _root_of(credentials, known).name == "POST /v1/tasks/{task_id}/approval"
    assert not any(span.error for span in spans)
    _claim_that_nobody_is_described(spans, made, town)


async def test_the_callers_own_trace_is_linked_to_the_case(town: Town) -> None:
    resident = await town.welcome(made := town.meet("newcomers"))
    async with town.system.connect() as client:
        client.headers["traceparent"] = f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-01"
        application = await _submitted(town, replace(resident, client=client), made)
    trace = sha256(application.encode()).hexdigest()[:32]

    spans = await until(
        lambda: _spans(trace), lambda it: any("submission" in span.name for span in it), what="the submission"
    )

    submission = next(span for span in spans if "submission" in span.name)
    assert submission.parent_id is None
    assert submission.links == [f"{CALLERS_TRACE}-{CALLERS_SPAN}"]


async def test_every_line_about_a_case_names_its_trace_and_a_span_of_it(town: Town) -> None:
    _, application = await _reviewed(town)
    trace = sha256(application.encode()).hexdigest()[:32]
    lines = [line for service in SERVICES for line in _lines(town, service) if line.get("case") == application]

    requests = [line for line in lines if line["event"] == "request"]
    assert {line["service"] for line in requests} == {"applications", "review-dispatch"}
    assert all("request_id" in line for line in requests)
    assert {line["trace_id"] for line in lines} == {trace}
    named = {line["span_id"] for line in [*requests, *(line for line in lines if "span_id" in line)]}
    await until(lambda: _spans(trace), lambda it: named <= {span.span_id for span in it}, what="every span has arrived")


async def _reviewed(town: Town) -> tuple[Household, str]:
    """Apply with a scan that a person approves, which makes it a credential."""
    resident = await town.welcome(made := town.meet("newcomers"))
    application = await _submitted(town, resident, made)
    worker = town.worker("reviewer", "si-1", department="social-insurance")
    queue = await until(
        lambda: desk.queue(worker, application_id=application), lambda it: bool(it.items), what="a task"
    )
    await desk.claim(worker, queue.items[0].task_id)
    await desk.approve(worker, queue.items[0].task_id)
    await until(lambda: portal.see(resident, application), lambda it: it.proof("work") is not None, what="the approval")
    await until(
        lambda: read_trail(town.stack.amqp_url, town.stack.layout.keys, application),
        lambda it: any(event.name == "credential-stored" for event in it),
        what="the credential",
    )
    return made, application


async def _submitted(town: Town, resident: Caller, made: Household) -> str:
    form = form_for("residence-permit", made, town.today)
    application = await portal.draft(resident, "residence-permit", form)
    await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, application)
    return application


async def _spans(trace: str) -> list[Span]:
    return [Span.model_validate_json(line) for line in _traced() if f'"trace_id":"{trace}"' in line]


def _traced() -> list[str]:
    return Path(os.environ["YIZHENG_TRACES"]).read_text(encoding="utf-8").splitlines()


def _is_complete(spans: Sequence[Span], trail: Sequence[Event]) -> bool:
    known = {span.span_id for span in spans}
    published = {sha256(event.id.encode()).hexdigest()[:16] for event in trail}
    return published <= known and all(span.parent_id in known for span in spans if span.parent_id)


def _root_of(span: Span, known: dict[str, Span]) -> Span:
    while span.parent_id:
        span = known[span.parent_id]
    return span


def _lines(town: Town, service: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in town.stack.log(service).splitlines() if line.startswith("{")]


def _claim_that_nobody_is_described(spans: Sequence[Span], made: Household, town: Town) -> None:
    told = json.dumps([span.model_dump() for span in spans], ensure_ascii=False)
    for person in made.people:
        assert person.name not in told
        assert person.number not in told
        assert town.ids[person.number] not in told
