"""What goes wrong at a page is told by a page, also what nobody foresaw."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pymongo.errors import AutoReconnect

from operations.web.edge import OperatorPageRoute
from runtime.texts import Texts
from web import problems


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(AutoReconnect("no primary"), 503, "Not available at the moment"), (ValueError("x"), 500, "Something went wrong")],
)
async def test_a_fault_is_told_by_a_page(error: Exception, status: int, said: str) -> None:
    router = APIRouter(route_class=OperatorPageRoute)

    @router.get("/operations/groups")
    async def groups() -> None:
        raise error

    app = FastAPI()
    app.include_router(router)
    app.state.texts = Texts.of("standards", "runtime", "operations")
    problems.install(app, app.state.texts)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://operations") as browser:
        answer = await browser.get("/operations/groups", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in answer.text
