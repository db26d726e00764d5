from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from runtime.texts import Texts
from web import interface


class Wish(BaseModel):
    text: str = Field(max_length=9, description="What is <wished> for")
    kinds: list[str] | None = None


@pytest.fixture
async def page() -> httpx.Response:
    app = FastAPI(title="Wishes", docs_url=None)
    app.state.texts = Texts.of("runtime")

    @app.post("/v1/wishes/{id}", summary="Wish for something")
    async def wish(id: str, wish: Wish, often: Annotated[int, Query(ge=1)] = 1) -> Wish:
        return wish

    interface.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wishes") as client:
        return await client.get("/docs", headers={"Accept-Language": "en"})


async def test_every_operation_is_listed_with_what_it_takes_and_answers(page: httpx.Response) -> None:
    text = re.sub(r"<[^>]+>", " ", page.text)
    for said in (
        "POST",
        "/v1/wishes/{id}",
        "Wish for something",
        "often",
        "integer (minimum 1)",
        "string (maxLength 9)",
    ):
        assert said in text
    assert 'href="#Wish"' in page.text
    assert 'id="Wish"' in page.text
    assert "[string] | null" in text


async def test_what_is_described_is_text_and_never_markup(page: httpx.Response) -> None:
    assert "What is &lt;wished&gt; for" in page.text


async def test_the_page_needs_nothing_from_anywhere_and_may_load_nothing(page: httpx.Response) -> None:
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert not re.search(r"<script|<link|<img|src=|https?://|style=", page.text)
