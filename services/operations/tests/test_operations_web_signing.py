"""Signing in to the operators' pages, and forms that are ours."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm
from pymongo import AsyncMongoClient

from bus.topology import Topology
from local_stack import tokens
from operations.commands.caller import CallRefusedError, OperatorCaller, caller_of
from portal.frame.device_key import own_key
from services.operations.tests.stage import ANN, BEN, DOCUMENT, Stage, form_of, set_up
from store.repository import Document
from testkit.fixtures import StackAddresses, drop, empty_queues
from testkit.vaults import vaulted
from web.proof import thumbprint

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, infrastructure: StackAddresses, declared: Topology
) -> AsyncIterator[Stage]:
    """One for all: no test of these minds what another has left."""
    await empty_queues(infrastructure.amqp, declared)
    client: AsyncMongoClient[Document] = AsyncMongoClient(infrastructure.mongodb, tz_aware=True, w="majority")
    database = vaulted(client, f"test-{secrets.token_hex(6)}")
    folder = tmp_path_factory.mktemp("signing")
    try:
        async with set_up(folder, infrastructure, database, declared) as stage:
            yield stage
    finally:
        await drop(database)
        await client.drop_database(f"{database.name}-ops")
        await client.close()


async def test_nobody_gets_in_without_an_operators_token(stage: Stage) -> None:
    async with stage.visitor(None) as visitor:
        turned_away = await visitor.get("/operations/audit?by=op-ann")
        assert turned_away.status_code == 303
        assert turned_away.headers["location"].endswith("next=%2Foperations%2Faudit%3Fby%3Dop-ann")
        sign_in = (await visitor.follow(turned_away)).text
        assert "make -s token ROLE=operator SUBJECT=" in sign_in
        assert 'href="/sign-in?next=%2Foperations%2Faudit%3Fby%3Dop-ann"' in sign_in

        for token, status, said in [
            ("nonsense", 401, "The sign-in is not valid"),
            (stage.token(hours=-1), 401, "The sign-in has expired"),
            (stage.token("rev-1", role="reviewer"), 403, "Not allowed"),
        ]:
            refused = await visitor.sign_in(token)
            assert (refused.status_code, said in refused.text) == (status, True)
            assert "yizheng-operator" not in visitor.client.cookies

        let_in = await visitor.sign_in(stage.token())
        assert "HttpOnly" in let_in.headers["set-cookie"]
        assert "SameSite=strict" in let_in.headers["set-cookie"]
        assert (await visitor.get("/operations/")).status_code == 200

        signed_out = await visitor.send("/operations/", "/operations/sign-out")
        assert signed_out.headers["location"] == "/operations/sign-in"
        gone = {each.partition("=")[0] for each in signed_out.headers.get_list("set-cookie") if "Max-Age=0" in each}
        assert {"yizheng-operator", "__Host-yizheng"} <= gone
        assert (await visitor.get("/operations/")).status_code == 303


async def test_an_expired_visit_leads_back_to_sign_in_with_a_word_and_then_to_where_one_was(stage: Stage) -> None:
    async with stage.visitor(None) as visitor:
        visitor.client.cookies.set("yizheng-operator", stage.token(hours=-1), path="/operations/")
        sent_away = await visitor.get("/operations/replays")
        page = await visitor.follow(sent_away)
        assert "The sign-in has expired" in page.text
        address = sent_away.headers["location"]
        form = form_of(page.text, "/operations/sign-in")
        visitor.client.cookies.delete("yizheng-operator")
        back = await visitor.client.post("/operations/sign-in", data=form | {"token": stage.token()})
        assert back.headers["location"] == "/operations/replays"
        assert "why=expired-token" in address


async def test_signing_in_leads_nowhere_else(stage: Stage) -> None:
    elsewhere = ("https://evil.example/", "//evil.example/operations/", "/v1/failures", "/operations\\@evil")
    for next_page in elsewhere:
        async with stage.visitor(None) as visitor:
            sign_in = "/operations/sign-in"
            answer = await visitor.send(sign_in, sign_in, token=stage.token(), next=next_page)
            assert answer.headers["location"] == "/operations/", next_page


async def test_behind_a_proxy_that_signs_in_no_sign_in_page_is_needed(stage: Stage) -> None:
    async with stage.visitor(None) as visitor:
        visitor.client.headers["Authorization"] = f"Bearer {stage.token()}"
        page = await visitor.get("/operations/")
        assert page.status_code == 200
        assert "Sign out" not in page.text


async def test_a_form_must_be_ours_of_this_visit_and_of_whoever_sends_it(stage: Stage) -> None:
    failure = await stage.failure("handler-failed", await stage.publish(DOCUMENT))
    page = f"/operations/failures/{failure}"
    async with stage.visitor() as ann, stage.visitor(BEN) as ben:
        own = form_of((await ann.get(page)).text, f"{page}/discard")
        others = form_of((await ben.get(page)).text, f"{page}/discard")
        stolen = own | {"form-token": others["form-token"]}
        for form, headers in [
            (stolen, {}),
            ({"reason": "x"}, {}),
            (own, {"Origin": "https://evil.example"}),
        ]:
            answer = await ann.client.post(f"{page}/discard", data=form | {"reason": "because"}, headers=headers)
            assert answer.status_code == 403
            assert "no longer valid" in answer.text
        assert "discarded" not in re.findall(r'data-state="(\w+)"', (await ann.get(page)).text)


async def test_what_was_written_when_the_sign_in_ended_is_there_to_be_sent_again(stage: Stage) -> None:
    failure = await stage.failure("handler-failed", await stage.publish(DOCUMENT))
    page = f"/operations/failures/{failure}"
    action, headers = f"{page}/discard", {"Origin": stage.url}
    async with stage.visitor() as visitor:
        form = form_of((await visitor.get(page)).text, action) | {"reason": "a <long> reason"}
        visitor.client.cookies.set("yizheng-operator", stage.token(hours=-1), path="/operations/")
        kept = await visitor.client.post(action, data=form, headers=headers)
        assert (kept.status_code, "a &lt;long&gt; reason</textarea>" in kept.text) == (401, True)
        assert "/operations/sign-in" in kept.text
        assert (await visitor.client.post(action, data=form)).status_code == 303  # nobody says that it is ours
        visitor.client.cookies.clear()
        await visitor.sign_in(stage.token())
        again = await visitor.client.post(action, data=form_of(kept.text, action) | form, headers=headers)
        assert (again.status_code, "a &lt;long&gt; reason</textarea>" in again.text) == (403, True)
        fields = form_of(again.text, action) | {"reason": form["reason"]}
        assert (await visitor.client.post(action, data=fields, headers=headers)).status_code == 303


async def test_a_form_that_is_sent_twice_acts_once(stage: Stage) -> None:
    failure = await stage.failure("handler-failed", await stage.publish(DOCUMENT))
    page = f"/operations/failures/{failure}"
    async with stage.visitor() as visitor:
        form = form_of((await visitor.get(page)).text, f"{page}/replay") | {"reason": "repaired"}
        answers = [await visitor.client.post(f"{page}/replay", data=form) for _ in range(2)]
        assert answers[0].headers["location"] == answers[1].headers["location"]


async def test_over_https_the_browser_keeps_the_token_to_https(stage: Stage) -> None:
    async with stage.visitor(None) as visitor:
        assert "Secure" not in (await visitor.sign_in(stage.token())).headers["set-cookie"]
    async with stage.visitor(None) as visitor:
        visitor.client.headers["X-Forwarded-Proto"] = "https"
        form = form_of((await visitor.get("/operations/sign-in")).text, "/operations/sign-in")
        visit = {"Cookie": f"yizheng-visit={next(cookie.value for cookie in visitor.client.cookies.jar)}"}
        answer = await visitor.client.post("/operations/sign-in", data=form | {"token": stage.token()}, headers=visit)
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all("Secure" in cookie for cookie in cookies)


async def test_a_token_that_is_bound_to_the_portals_key_counts_when_the_portal_handed_it_over(stage: Stage) -> None:
    portal, thief = own_key(b"p"), own_key(b"t")
    bound = {"cnf": {"jkt": portal.thumbprint}}
    token = tokens.sign(stage.settings.keys, "operator", subject=ANN, hours=0.25, claims=bound)
    here = f"{stage.url}/operations/"
    async with stage.visitor(None) as visitor:

        async def opens(kept: str) -> bool:
            visitor.client.cookies.set("yizheng-operator", kept, path="/operations/")
            return (await visitor.get("/operations/replays")).status_code == 200

        assert await opens(f"{token}~{portal.proof('GET', here, token)}")
        assert not await opens(token)
        assert not await opens(f"{token}~{thief.proof('GET', here, token)}")
        assert not await opens(f"{token}~{portal.proof('GET', here, stage.token())}")
        assert not await opens(f"{token}~{portal.proof('GET', f'{stage.url}/v1/failures', token)}")


async def test_the_operators_line_proves_the_key_that_its_token_is_bound_to(stage: Stage, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "operator.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    bound = {"cnf": {"jkt": thumbprint(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))}}
    token = tokens.sign(stage.settings.keys, "operator", subject=ANN, claims=bound)
    with closing(caller_of(stage.url, token, None, None, path).client) as client:
        assert "items" in await asyncio.to_thread(OperatorCaller(client).get, "/failures", limit=1)
    with closing(caller_of(stage.url, token, None, None).client) as client, pytest.raises(CallRefusedError):
        await asyncio.to_thread(OperatorCaller(client).get, "/failures")
