from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from local_stack import gateway
from local_stack.layout import Layout
from local_stack.ports import HOST, SERVICES
from testkit.doorway import gateway_client
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE

PORTS = free_ports(26000)
TOO_LARGE = 17 * 1024 * 1024


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return Layout(tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def client(layout: Layout) -> Iterator[httpx.Client]:
    """The gateway alone: no service behind it is up."""
    with gateway_client(layout, PORTS, gateway.program(layout, PORTS)) as client:
        yield client


def test_nginx_accepts_the_rendered_configuration(layout: Layout) -> None:
    gateway.render(layout, PORTS)
    assert gateway.check(layout) == ""


def test_nothing_of_the_template_is_left_open(layout: Layout) -> None:
    gateway.render(layout, PORTS)
    assert not [path for path in layout.gateway.glob("*.conf") if "${" in path.read_text()]


@pytest.mark.parametrize(
    ("language", "title", "content_language"),
    [
        ("zh-CN,zh;q=0.9", "地址不存在", "zh-CN"),
        ("en-GB", "There is no such address", "en"),
        ("", "地址不存在", "zh-CN"),
    ],
)
def test_an_address_that_does_not_exist_is_explained_in_the_callers_language(
    client: httpx.Client, language: str, title: str, content_language: str
) -> None:
    answer = client.get("/v2/anything", headers={"Accept-Language": language})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == content_language
    assert answer.json() == {
        "type": "urn:yizheng:problem:no-such-address",
        "title": title,
        "status": 404,
        "detail": answer.json()["detail"],
        "action": answer.json()["action"],
        "code": "no-such-address",
    }


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("request_line", "status", "languages", "said"),
    [
        ("GET /nothing", 404, ("zh-CN", ""), ("没有这个页面", "回到首页")),
        ("GET /my/applications", 502, ("en-GB", ""), ("Not available now", ">Try again</a>")),
        ("GET /my/applications", 502, ("en-GB", "zh-CN"), ("现在打不开", ">再试一次</a>")),
        ("POST /my/applications", 502, ("zh-CN", "en"), ("Not available now", "back button")),
        ("DELETE /services/", 405, ("en", ""), ("This address does not support the method", "community window")),
    ],
)
def test_a_browser_gets_a_page_in_the_language_that_was_chosen(
    client: httpx.Client, request_line: str, status: int, languages: tuple[str, str], said: tuple[str, str]
) -> None:
    (method, path), (asked, chosen), (title, text) = request_line.split(), languages, said
    cookies = f"a=b; __Host-yizheng-language={chosen}" if chosen else "a=__Host-yizheng-language"
    headers = {"Accept": BROWSER, "Accept-Language": asked, "Cookie": cookies}
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert f'<h1 class="govuk-heading-l">{title}</h1>' in answer.text
    assert text in answer.text
    assert f'lang="{answer.headers["content-language"]}"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("retry-after") == ("5" if status == 502 else None)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; base-uri")
    for link in re.findall(r'(?:href|src)="(/assets/[^"]+)"', answer.text):
        assert client.get(link, headers={"Accept": "text/css"}).status_code == 200


@pytest.mark.parametrize(("path", "size"), [("/verify/", 70_000), ("/my/applications/a/questions/q", 13_000_000)])
def test_a_form_that_is_too_large_is_told_by_a_page_that_leads_back_to_it(
    client: httpx.Client, path: str, size: int
) -> None:
    headers = {"Accept": BROWSER, "Accept-Language": "en", "Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post(path, content=b"a=" + b"x" * size, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "hand in fewer at a time; what you handed in before is kept" in answer.text
    assert "What you typed is still there: press your browser’s back button" in answer.text


def test_nothing_of_a_request_stands_in_the_page(client: httpx.Client) -> None:
    answer = client.get("/%3Cscript%3E?<script>", headers={"Accept": BROWSER, "Accept-Language": "<script>"})
    assert answer.status_code == 404
    assert "script" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/v1/residents/r", "/v1/lookups", "/v1/items/i", "/v1/notices", "/v1/dry-runs", "/v1/tasks/t", "/v1/queries",
     "/services/matcher/readyz", "/services/credential-store/openapi.json"],
)  # fmt: skip
def test_a_service_that_is_down_is_reported_as_such(client: httpx.Client, path: str) -> None:
    answer = client.post(path, json={}, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (502, "temporarily-unavailable")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    "path",
    ["/start", "/metrics", "/v1/", "/v1/resident", "/services/matcher/metrics", "/services/nobody/healthz", "/problem"],
)
def test_what_is_not_for_the_street_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "asked", "language", "title"),
    [
        ("/services/", "", "zh-CN", "一证走龙华"),
        ("/services/", "en-GB", "en", "Yizheng"),
        ("/services/?lang=zh-CN", "en", "zh-CN", "一证走龙华"),
        ("/services/?lang=en", "zh", "en", "Yizheng"),
        ("/services/?lang=../nginx", "", "zh-CN", "一证走龙华"),
    ],
)
def test_the_page_for_programs_says_what_is_here(
    client: httpx.Client, path: str, asked: str, language: str, title: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": asked})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    assert f"<h1>{title}" in answer.text
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert answer.headers["content-security-policy"] == policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in answer.text
    assert "<script" not in answer.text


def test_the_page_for_programs_leads_to_every_service_and_no_further(client: httpx.Client) -> None:
    for language in ("zh-CN", "en"):
        links = set(re.findall(r'href="([^"?]+)', client.get(f"/services/?lang={language}").text))
        assert {f"/services/{name}/docs" for name in SERVICES} <= links
        assert {"/verify/", "/operations/", "/v1/items", "/v1/notices", "/services/start.css"} <= links
        assert {client.get(link).status_code for link in links} == {200, 502}  # no service is up
    assert client.get("/services/start.css").headers["content-type"] == "text/css; charset=utf-8"
    assert client.post("/services/").json()["code"] == "method-not-allowed"


def test_a_body_that_is_far_too_large_is_refused_without_being_read(client: httpx.Client) -> None:
    answer = client.post("/v1/applications", content=b"x" * TOO_LARGE)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("path", "size", "status", "code"),
    [
        ("/v1/applications/app_1/scans", 11 * 1024 * 1024, 502, "temporarily-unavailable"),
        ("/v1/applications/app_1/scans", 13 * 1024 * 1024, 413, "too-large"),
        ("/v1/failures/f1/edits", 2 * 1024 * 1024, 502, "temporarily-unavailable"),
        ("/v1/hand-overs", 2 * 1024 * 1024, 502, "temporarily-unavailable"),
    ],
)
def test_what_is_as_large_as_its_address_allows_is_answered_with_what_is_wrong(
    client: httpx.Client, path: str, size: int, status: int, code: str
) -> None:
    answer = client.post(path, content=b"x" * size)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)


def test_a_malformed_request_is_explained(client: httpx.Client) -> None:
    def ask() -> httpx.Response | None:
        # The gateway doesn't read on after its refusal: it may hang up before the answer was read.
        with suppress(httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return client.get("/v1/items", headers={"X-Filler": "x" * 40_000})
        return None

    answer = next(each for each in (ask() for _ in range(20)) if each is not None)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


def test_a_harmless_request_id_of_the_caller_is_kept(client: httpx.Client) -> None:
    kept = client.get("/nothing", headers={"X-Request-Id": "portal-12345678"})
    replaced = client.get("/nothing", headers={"X-Request-Id": '"},{"'})
    assert kept.headers["x-request-id"] == "portal-12345678"
    assert len(replaced.headers["x-request-id"]) == 32


def test_the_log_has_the_path_but_not_what_was_asked(client: httpx.Client, layout: Layout) -> None:
    client.get("/v1/items?applicant=somebody")
    text = Path(layout.log("gateway")).read_text()
    assert '"method":"GET","path":"/v1/items"' in text


def test_a_stream_reaches_its_reader_piece_by_piece(client: httpx.Client) -> None:
    has_first = Event()

    class Streaming(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            has_first.wait(PATIENCE)  # were it held back, the reader would never say so
            self.wfile.write(b"data: second\n\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, PORTS.service("applications")), Streaming)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        with client.stream("GET", "/v1/applications/app_1/stream", timeout=PATIENCE) as answer:
            lines = (line for line in answer.iter_lines() if line)
            assert next(lines) == "data: first"
            has_first.set()
            assert next(lines) == "data: second"
            assert answer.headers["cache-control"] == "no-store"
    finally:
        has_first.set()
        server.shutdown()
        server.server_close()
