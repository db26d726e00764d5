"""What anybody finds beside the API: the page where credentials are checked, and the keys."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from credential_store.domain.signed import TYP, Issuer
from credential_store.domain.verdict import AGREEMENT_TYP, Trusted
from credential_store.web import pages
from credential_store.web.verify import HEADERS
from runtime.clock import utc_now
from runtime.json_signatures import SigningKeys
from runtime.texts import CHOSEN, Texts
from standards import canonical_json
from standards.canonical_json import Json
from tests.browser.visitor import chromium
from web import problems
from web.rates import DEFAULT, RateLimit, Rates

KEYS, AGREEMENTS = (SigningKeys.of(ECKey.generate_key("P-256")) for _ in range(2))
URL = "https://yizheng.example"


class NothingSigned:
    async def get(self, id: str) -> None:
        return None


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    app.include_router(pages)
    problems.install(app, Texts.of("standards", "runtime", "credential_store"))
    app.state.rate_limit = RateLimit.from_file(DEFAULT)
    app.state.deps = SimpleNamespace(
        issuer=Issuer(URL, KEYS),
        trusted=Trusted(KEYS.public, AGREEMENTS.public, {URL}),
        decoy=KEYS.sign({}, TYP),
        signed=NothingSigned(),
        clock=utc_now,
    )
    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://store")


def while_busy(app: FastAPI) -> None:
    """Have others use up what everybody together may ask."""
    kind = {"burst": 1, "per_minute": 6, "operations": ["POST /verify/"]}
    rate = {"burst": 1, "per_minute": 1}
    rates = {"read": rate, "write": rate, "look-up": rate, "kinds": {"verification": kind}}
    app.state.rate_limit = RateLimit(Rates.model_validate(rates))
    app.state.rate_limit.take_for_everybody("POST /verify/")


async def test_the_page_works_without_an_account_and_without_a_script(client: httpx.AsyncClient) -> None:
    page = await client.get("/verify/", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert '<form method="post" action="/verify/"' in page.text
    answer = await client.post("/verify/", data={"presentation": "nonsense"}, headers={"Accept-Language": "en"})
    assert "Not valid" in answer.text
    assert "not a credential that could be read" in answer.text


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (("GET", "/verify/x", {}), 404, "There is no such page"),
        (("POST", "/verify/", {"files": {"presentation": ("a.txt", b"eyJ")}}), 422, "a file can&#39;t be checked here"),
        (
            ("POST", "/verify/", {"content": b"--b", "headers": {"Content-Type": "multipart/form-data"}}),
            400,
            "could not",
        ),
        (("POST", "/verify/", {"data": {"presentation": "<b>eyJ"}}), 503, "in {wait} seconds"),
        (("POST", "/verify/", {"data": {"presentation": "<b>eyJ"}}), 500, "Something went wrong here"),
    ],
)
async def test_a_refusal_is_a_page_with_what_was_pasted(
    client: httpx.AsyncClient, app: FastAPI, request_: tuple[str, str, dict[str, Any]], status: int, said: str
) -> None:
    method, path, sent = request_
    if status == 503:
        while_busy(app)
    if status == 500:
        del app.state.deps.trusted
    headers = {"Accept-Language": "zh-CN", "Cookie": f"{CHOSEN}=en", **sent.pop("headers", {})}
    answer = await client.request(method, path, headers=headers, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said.format(wait=answer.headers.get("retry-after")) in answer.text
    assert ("&lt;b&gt;eyJ</textarea>" in answer.text) == ("data" in sent)
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


async def test_another_language_is_remembered_for_all_pages_and_what_was_typed_stays(client: httpx.AsyncClient) -> None:
    given = {"presentation": "<b>eyJ", "language": "en"}
    answer = await client.post("/verify/", data=given, headers={"Accept-Language": "zh-CN"})
    assert 'lang="en"' in answer.text
    assert "&lt;b&gt;eyJ</textarea>" in answer.text
    assert "Not valid" not in answer.text
    assert answer.headers["set-cookie"].startswith(f"{CHOSEN}=en;")
    chosen = await client.get("/verify/", headers={"Accept-Language": "zh-CN", "Cookie": f"{CHOSEN}=en"})
    assert 'lang="en"' in chosen.text


async def test_a_verdict_and_what_was_typed_since_stay_in_another_language(client: httpx.AsyncClient) -> None:
    shown = await client.post("/verify/", data={"presentation": agreement()}, headers={"Accept-Language": "zh-CN"})
    assert "2028年11月30日" in shown.text
    assert "2026年11月23日 12:00" in shown.text
    [checked] = re.findall('name="checked" value="([^"]+)"', shown.text)
    given = {"checked": checked, "presentation": "next", "language": "en"}
    other = await client.post("/verify/", data=given, headers={"Accept-Language": "zh-CN"})
    for part in ("Valid<", "30 November 2028", "23 November 2026, 12:00", "next</textarea>"):
        assert part in other.text


async def test_nothing_that_is_checked_is_run_by_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.post("/verify/", data={"presentation": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def agreement() -> str:
    """Return the evidence of a tenancy whose landlord is a child."""
    terms: Json = {"application_id": "app_1", "form": {"address": "民治街道幸福路9号", "term_to": "2028-11-30"}}
    digest = canonical_json.digest(terms)
    of_both = {"at": "2026-11-23T04:00:00Z", "terms_sha256": digest, "sign_in": {"sub": "x"}}
    tenant = {"party": "applicant", "resident_id": "res_1", "name": "张伟", "guardian": None}
    child = {"party": "second-party", "resident_id": "res_2", "name": "李小雨"}
    guardian = {"guardian": {"resident_id": "res_3", "name": "李育成"}}
    claims = {"iss": URL, "iat": 1, "terms": terms, "terms_sha256": digest}
    return AGREEMENTS.sign({**claims, "signatures": [tenant | of_both, child | guardian | of_both]}, AGREEMENT_TYP)


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "李小雨 (through their guardian 李育成)"), ("zh-CN", "李小雨（监护人李育成代签）")]
)
async def test_an_agreement_shows_who_signed_for_a_child(client: httpx.AsyncClient, language: str, shown: str) -> None:
    given = {"presentation": agreement()}
    answer = await client.post("/verify/", data=given, headers={"Accept-Language": language})
    assert shown in answer.text
    assert answer.text.count("李育成") == 1


async def test_on_a_phone_each_line_is_no_taller_than_what_it_says(client: httpx.AsyncClient) -> None:
    page = (await client.post("/verify/", data={"presentation": agreement()})).text
    style = next(part for part in page.split('"') if part.endswith("verify.css"))
    page = page.replace("</head>", f"<style>{(await client.get(style)).text}</style></head>")
    async with chromium() as browser:
        phone = await browser.new_page(viewport={"width": 390, "height": 844})
        await phone.set_content(page)
        rows = await phone.locator("dl > div").all()
        boxes = [await row.bounding_box() for row in rows]
        width = await phone.evaluate("document.documentElement.scrollWidth")
    assert len(boxes) == 5
    assert max(box["height"] for box in boxes if box) < 120
    assert width == 390


async def test_its_files_may_be_kept_as_their_content_is_in_their_address(client: httpx.AsyncClient) -> None:
    page = (await client.get("/verify/")).text
    for name in ("verify.css", "scan.js"):
        address = next(part for part in page.split('"') if part.endswith(name))
        assert "immutable" in (await client.get(address)).headers["Cache-Control"]
    assert (await client.get("/verify/static/0/verify.css")).status_code == 404
    assert (await client.get("/verify/static/0/..%2Fkeys.py")).status_code == 404


async def test_keys_of_credentials_and_of_agreements_are_published_apart(client: httpx.AsyncClient) -> None:
    assert (await client.get("/.well-known/jwks.json")).json() == KEYS.public.jwks()
    assert (await client.get("/.well-known/agreement-jwks.json")).json() == AGREEMENTS.public.jwks()
    about = (await client.get("/.well-known/jwt-vc-issuer")).json()
    assert about == {"issuer": URL, "jwks": KEYS.public.jwks()}
