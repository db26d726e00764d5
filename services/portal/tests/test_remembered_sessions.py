from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any, cast

import httpx2
import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from portal.frame import cookies
from portal.frame.person import Session
from portal.frame.sealed import Sealed
from services.portal.tests import district
from services.portal.tests.stage import Browser, Stage
from testkit.patience import PATIENCE

LIST = "/my/applications"


@pytest.fixture
async def browser(stage: Stage) -> Browser:
    """Return the browser of a resident whom the process remembers."""
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.sign_in("res_ann")
    await browser.go(LIST)
    stage.gateway.asked.clear()
    return browser


class Elsewhere:
    """Another process of the portal, over the same store."""

    def __init__(self, stage: Stage, browser: Browser) -> None:
        self._secret = browser.client.cookies[cookies.SESSION]
        sessions = stage.app.state.frame.sessions
        store = cast("AsyncCollection[dict[str, Any]]", stage.store["person-sessions"])
        self._kept = Sealed(store, Session, stage.app.state.frame.key, stage.clock)
        self._remembered = sessions.recall(self._secret).content

    async def end(self) -> None:
        assert await self._kept.remove(self._secret)

    async def renew(self) -> str:
        """Renew the token; return it."""
        tokens = self._remembered.tokens.model_copy(update={"access": "renewed"})
        changed = self._remembered.model_copy(update={"tokens": tokens})
        await self._kept.put(self._secret, changed, self._remembered.ends_at)
        return "renewed"


def asked(stage: Stage) -> list[str]:
    return [f"{each.method} {each.url.path}" for each in stage.gateway.asked]


async def test_a_pages_calls_do_not_wait_until_its_session_is_looked_up(
    stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    called, store = asyncio.Event(), stage.store["person-sessions"]
    answer, found = stage.gateway.answers["GET /v1/applications"], store.find_one

    def answered(_request: httpx2.Request) -> httpx2.Response:
        called.set()
        return httpx2.Response(200, json=answer)

    async def found_late(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        await asyncio.wait_for(called.wait(), PATIENCE)
        return await found(wanted)

    stage.gateway.answers["GET /v1/applications"] = answered
    monkeypatch.setattr(store, "find_one", found_late)
    page = await browser.go(LIST)
    assert (page.status_code, "安妮" in page.text) == (200, True)


async def test_who_has_signed_out_is_shown_nothing_whatever_a_process_remembers(stage: Stage, browser: Browser) -> None:
    await Elsewhere(stage, browser).end()
    answer = await browser.client.get(f"{browser.page.url}")
    assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?")
    assert not answer.content
    first = await browser.client.get(str(browser.page.url.join("/")))
    assert "安妮" not in first.text
    assert first.status_code == 200


async def test_a_refusal_is_not_shown_either_to_who_has_signed_out(stage: Stage, browser: Browser) -> None:
    await Elsewhere(stage, browser).end()
    stage.gateway.answers["GET /v1/applications"] = 403
    answer = await browser.client.get(f"{browser.page.url}")
    assert answer.status_code == 303


async def test_a_token_that_another_process_renewed_is_taken_and_nobody_signed_out(
    stage: Stage, browser: Browser
) -> None:
    renewed = await Elsewhere(stage, browser).renew()
    answer = stage.gateway.answers["GET /v1/applications"]

    def only_the_newest(request: httpx2.Request) -> httpx2.Response:
        is_newest = request.headers["authorization"].endswith(renewed)
        return httpx2.Response(200, json=answer) if is_newest else httpx2.Response(401, json={"status": 401})

    stage.gateway.answers["GET /v1/applications"] = only_the_newest
    page = await browser.go(LIST)
    assert (page.status_code, "安妮" in page.text) == (200, True)
    assert len(stage.store["person-sessions"].documents) == 1


async def test_nothing_is_sent_that_changes_something_before_the_session_is_certain(
    stage: Stage, browser: Browser
) -> None:
    await Elsewhere(stage, browser).end()
    await browser.client.get(str(browser.page.url.join("/my/credentials/crd_1/shown?field=name")))
    assert {each.split()[0] for each in asked(stage)} <= {"GET"}


async def test_a_form_is_never_sent_for_a_session_that_is_only_remembered(stage: Stage, browser: Browser) -> None:
    await browser.go("/my/applications/app_1/withdrawal")
    stage.gateway.asked.clear()
    await Elsewhere(stage, browser).end()
    form = browser.hidden()
    origin = str(browser.page.url.join("/")).rstrip("/")
    answer = await browser.client.post(str(browser.page.url), data=form, headers={"Origin": origin})
    assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?")
    assert asked(stage) == []


async def test_without_the_store_a_page_is_not_shown_from_memory(
    stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_wanted: Mapping[str, Any]) -> None:
        raise AutoReconnect("away")

    unheard = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, failed: unheard.append(failed))
    for name in ("person-sessions", "kept-forms"):
        monkeypatch.setattr(stage.store[name], "find_one", away)
    page = await browser.go(LIST)
    assert (page.status_code, "安妮" in page.text) == (503, False)
    browser.client.cookies.set(cookies.KEPT, "a form that is looked for first")
    page = await browser.go(LIST)
    assert (page.status_code, "安妮" in page.text) == (503, False)
    gc.collect()
    assert unheard == []


async def test_what_is_remembered_is_sealed_as_in_the_store(stage: Stage, browser: Browser) -> None:
    [(id_, document)] = stage.store["person-sessions"].documents.items()
    assert stage.app.state.frame.sessions.kept.remembered.find(id_) == (document["at"], document["sealed"])


async def test_what_is_in_the_store_as_it_was_remembered_is_opened_once(
    stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, opening = list[bytes](), Sealed._opened  # noqa: SLF001 - how often, is seen nowhere else

    def counted(sealed: Sealed[Session], secret: str, content: bytes) -> Session | None:
        opened.append(content)
        return opening(sealed, secret, content)

    monkeypatch.setattr(Sealed, "_opened", counted)
    await browser.go(LIST)
    assert len(opened) == 1
    await Elsewhere(stage, browser).renew()
    opened.clear()
    await browser.go(LIST)
    assert len(set(opened)) == 2


@pytest.mark.parametrize("has_ended", [True, False])
async def test_another_sign_in_is_done_once_whoever_is_remembered(
    stage: Stage, browser: Browser, *, has_ended: bool
) -> None:
    elsewhere, jar = Elsewhere(stage, browser), browser.client.cookies.jar
    [session] = [each for each in jar if each.name == cookies.SESSION]
    jar.clear(session.domain, session.path, session.name)
    await browser.go("/sign-in")  # begun before the other sign-in, in another tab
    jar.set_cookie(session)
    if has_ended:
        await elsewhere.end()
    page = await browser.pick("res_ben")
    assert (page.status_code, "本杰明" in page.text) == (200, True)
    assert len(stage.store["person-sessions"].documents) == 1
