"""What a stranger may try with a request, and what of it reaches a service."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import httpx
import pytest

from local_stack import gateway
from testkit.doorway import Doorway, doorway
from testkit.infrastructure import free_ports

PORTS = free_ports(28000)
LARGEST_FORM = 512 * 1024


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorway]:
    with doorway(tmp_path_factory.mktemp("var"), PORTS) as door:
        yield door


@pytest.fixture(scope="module")
def client(door: Doorway) -> Iterator[httpx.Client]:
    with door.client() as client:
        yield client


def raw(door: Doorway, line: str, *headers: str, body: bytes = b"", host: str = "127.0.0.1") -> tuple[int, str]:
    """Send a request as it stands; return status and problem code, (0, "") when the line was cut without an answer."""
    lines = [line, f"Host: {host}", "Connection: close", *headers, "", ""]
    answer = door.raw("\r\n".join(lines).encode("latin-1") + body)
    if answer is None:
        return 0, ""
    return answer.status, json.loads(answer.content).get("code", "") if answer.status >= 400 else ""


def reached(door: Doorway, *headers: str) -> dict[str, str]:
    """Return the headers that a service sees of a request with these, by lower-case name."""
    answer = door.raw("\r\n".join(["GET /v1/items HTTP/1.1", "Connection: close", *headers, "", ""]).encode())
    assert answer is not None
    assert answer.status == 200
    return {name.lower(): value for name, value in json.loads(answer.content)["headers"].items()}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_versions_of_tls_that_are_broken_are_not_spoken(door: Doorway, version: ssl.TLSVersion) -> None:
    old = gateway.trusted(door.layout)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with httpx.Client(verify=old) as client, pytest.raises(httpx.ConnectError):
        client.get(gateway.url(door.ports))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_of_tls_are_spoken(door: Doorway, version: ssl.TLSVersion) -> None:
    current = gateway.trusted(door.layout)
    current.minimum_version = current.maximum_version = version
    with httpx.Client(verify=current, base_url=gateway.url(door.ports)) as client:
        assert client.get("/healthz").status_code == 200


def test_whoever_speaks_plainly_is_told_to_use_tls_and_reaches_nothing(door: Doorway) -> None:
    answer = httpx.get(f"http://127.0.0.1:{door.ports.gateway}/v1/items", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (400, "not-encrypted")
    assert "https://" in answer.json()["action"]


ALWAYS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/v1/items", "/healthz", "/nowhere", "/v1/items/%2e%2e", "/services/matcher/healthz"])
def test_every_answer_carries_what_protects_whoever_reads_it(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get_list(name) for name in ALWAYS} == {name: [value] for name, value in ALWAYS.items()}


def test_a_page_with_a_policy_of_its_own_keeps_it(client: httpx.Client) -> None:
    headers = client.get("/operations/").headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers.get_list("cache-control") == ["public, max-age=60"]


@pytest.mark.parametrize("path", ["/v1/items", "/nowhere", "/v1/items\x00", "/services/identity/docs"])
def test_no_answer_tells_a_version(door: Doorway, path: str) -> None:
    answer = door.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer is not None
    assert answer.headers["server"] == "nginx"
    assert "x-powered-by" not in answer.headers
    assert b"nginx/" not in answer.content


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "GET\x0b", "get"])
def test_unknown_methods_are_refused(door: Doorway, method: str) -> None:
    assert raw(door, f"{method} /v1/items HTTP/1.1")[0] in {400, 405}


def test_a_refused_method_is_answered_with_those_that_there_are(client: httpx.Client) -> None:
    answer = client.request("PROPFIND", "/v1/items")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/items/../../metrics", "/v1/items/..", "/v1/./items", "/v1/items/%2e%2e/%2e%2e/metrics",
        "/v1/items/.%2E/x", "/v1/items/..%2fmetrics", "/v1/items%2F..%2f..%2Fmetrics", "/v1/items/..;/x",
        "/v1//items", "//v1/items", "/v1/items\\..\\x", "/v1/items%5c..%5cx", "/v1/items%00", "/v1/items\x00",
        "/v1/items%0d%0aX-Evil:%201", "/v1/items%0aSet-Cookie:x", "/v1/items%252e%252e%252fmetrics", "/v1/%25%32%65",
        "/v1/items/\xe5\x93\x81", "/v1/items%7f", "/v1/items\tHTTP/1.1", "v1/items", "*",
    ],
)  # fmt: skip
def test_a_path_that_two_readers_could_read_differently_goes_no_further(door: Doorway, path: str) -> None:
    assert raw(door, f"GET {path} HTTP/1.1")[0] in {400, 404}


@pytest.mark.parametrize(
    "path",
    [
        "/metrics", "/services/identity/metrics", "/services/identity%2fmetrics", "/v1/%2e%2e/metrics", "/m%65trics",
        "/operations/%2e%2e/metrics", "/metrics;x=1", "/METRICS", "/services/identity/docs/../metrics", "/metrics/",
    ],
)  # fmt: skip
def test_metrics_are_not_reached_from_outside(door: Doorway, path: str) -> None:
    assert raw(door, f"GET {path} HTTP/1.1")[0] in {400, 404}


@pytest.mark.parametrize("path", ["/v1/trails/a%2Fb%20c", "/v1/items/1.2.156.3005.2.11", "/v1/items/a~b:c@d,e"])
def test_a_path_that_is_unusual_but_clear_arrives_as_it_was_sent(client: httpx.Client, path: str) -> None:
    assert client.get(path).json()["line"] == f"GET {path} HTTP/1.1"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"),
        (["Content-Length: 5", "Content-Length: 6"], b"hello!"),
        (["Content-Length: 5, 6"], b"hello!"),
        (["Content-Length: +5"], b"hello"),
        (["Content-Length: 0x5"], b"hello"),
        (["Content-Length: -1"], b"hello"),
        (["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding:\x0bchunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"zz\r\nhello\r\n0\r\n\r\n"),
        (["X-Null: a\x00b"], b""),
        (["Host: evil.example"], b""),
    ],
)
def test_a_request_of_two_lengths_is_none(door: Doorway, headers: list[str], body: bytes) -> None:
    status, _ = raw(door, "POST /v1/applications HTTP/1.1", *headers, body=body)
    assert status in {0, 400, 501}


def test_what_follows_a_chunked_body_is_a_request_of_its_own(door: Doorway) -> None:
    hidden = b"POST /v1/applications HTTP/1.1\r\nHost: localhost\r\nTransfer_Encoding: chunked\r\nContent-Length: 4\r\n"
    answer = door.raw(hidden + b"Connection: close\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n")
    assert answer is not None
    told = json.loads(answer.content)
    assert told["size"] == 4
    assert "transfer_encoding" not in {name.lower() for name in told["headers"]}
    assert answer.content.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "localhost@evil.example"])
def test_a_forged_host_reaches_nothing(door: Doorway, host: str) -> None:
    assert raw(door, "GET /v1/items HTTP/1.1", host=host)[0] in {400, 421}


def test_a_host_in_the_request_line_counts_and_must_be_ours(door: Doorway) -> None:
    assert raw(door, "GET https://evil.example/v1/items HTTP/1.1", host="localhost") == (421, "no-such-host")
    assert raw(door, "GET /v1/items HTTP/1.0", host="evil.example") == (421, "no-such-host")


def test_a_service_learns_the_host_and_port_as_the_caller_knows_them(door: Doorway) -> None:
    assert reached(door, "Host: localhost:8443")["host"] == "localhost:8443"
    assert reached(door, "Host: LOCALHOST")["host"] == "localhost"
    assert reached(door, "Host: localhost:80:x.evil.example")["host"] == "localhost"


def test_what_a_stranger_says_about_where_it_comes_from_is_not_believed(door: Doorway) -> None:
    said = reached(
        door, "Host: localhost", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: http",
        "X-Forwarded-Host: evil.example", "X-Real-IP: 10.0.0.1", "Forwarded: for=10.0.0.1", "X-Original-URL: /metrics",
        "X-Rewrite-URL: /metrics", "X-HTTP-Method-Override: DELETE", "X_Forwarded_For: 10.0.0.1",
    )  # fmt: skip
    assert (said["x-forwarded-for"], said["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert "evil" not in str(said)
    assert "10.0.0.1" not in str(said)
    assert not {"x-original-url", "x-rewrite-url", "x-http-method-override", "forwarded"} & set(said)


def test_what_is_meant_for_the_next_hop_only_ends_there(door: Doorway) -> None:
    said = reached(
        door, "Host: localhost", "Keep-Alive: timeout=5", "TE: trailers", "Trailer: X-Sum", "Upgrade: h2c",
        "Proxy-Authorization: Basic eA==", "Proxy-Connection: keep-alive", "Proxy: http://evil.example",
    )  # fmt: skip
    gone = {"keep-alive", "te", "trailer", "upgrade", "proxy-authorization", "proxy-connection", "proxy", "connection"}
    assert not gone & set(said)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "x-gzip", "identity, gzip", "zstd"])
def test_packed_bodies_are_refused_before_anybody_unpacks_them(client: httpx.Client, encoding: str) -> None:
    answer = client.post("/v1/applications", content=b"\x1f\x8b" + b"x" * 100, headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "packed")


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/v1/applications", LARGEST_FORM),
        ("/v1/lookups", LARGEST_FORM),
        ("/v1/applications/app-1/scans", 12 * 1024 * 1024),
        ("/v1/failures/f-1/edits", 3 * 1024 * 1024),
        ("/operations/failures/f-1/edit", 6 * 1024 * 1024),
    ],
)
def test_a_body_may_be_as_large_as_its_purpose_needs(client: httpx.Client, path: str, largest: int) -> None:
    assert client.post(path, content=b"x" * largest).json()["size"] == largest
    answer = client.post(path, content=b"x" * (largest + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    "headers",
    [["X-Long: " + "x" * 9000], [f"X-{number}: {'x' * 1000}" for number in range(40)]],
    ids=["one too long", "too much together"],
)
def test_headers_have_limits(door: Doorway, headers: list[str]) -> None:
    assert raw(door, "GET /v1/items HTTP/1.1", *headers) == (400, "malformed-request")


def test_a_line_that_is_too_long_is_refused(door: Doorway) -> None:
    assert raw(door, f"GET /v1/items?q={'x' * 9000} HTTP/1.1")[0] == 414
