"""Between hosts the gateway speaks TLS to the services, and only to those that they say they are."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from local_stack import gateway
from local_stack.certificates import CONTAINERS, HERE, ensure_certificate
from local_stack.layout import Layout
from local_stack.ports import HOST
from runtime.data_files import DataFileError
from testkit.doorway import gateway_client
from testkit.infrastructure import free_ports
from web.config import ServiceSettings

PORTS = replace(free_ports(26400), services_tls=True)


class _Service(BaseHTTPRequestHandler):
    """Answers everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return Layout(tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def client(layout: Layout) -> Iterator[httpx.Client]:
    with gateway_client(layout, PORTS, gateway.program(layout, PORTS)) as client:
        yield client


@contextmanager
def answering(name: str, keys: Path | None, certificate: str = "") -> Iterator[None]:
    """Have something answer where a service is expected, with the certificate of some name, or plainly."""
    with ThreadingHTTPServer((HOST, PORTS.service(name)), _Service) as server:
        if keys is not None:
            own = ensure_certificate(keys, certificate or name, (*CONTAINERS[certificate or name], *HERE))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(own.certificate, own.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_service_is_reached_by_the_certificate_in_its_name(layout: Layout, client: httpx.Client) -> None:
    for name, path in {
        "identity": "/v1/residents/r",
        "portal": "/hall/",
        "matcher": "/services/matcher/readyz",
    }.items():
        with answering(name, layout.keys):
            assert client.get(path).status_code == 200, name


@pytest.mark.parametrize("impostor", ["another service", "another authority", "no TLS"])
def test_what_is_not_the_service_is_not_spoken_to(
    layout: Layout, client: httpx.Client, tmp_path: Path, impostor: str
) -> None:
    keys = {"another service": layout.keys, "another authority": tmp_path, "no TLS": None}[impostor]
    with answering("data-rights", keys, "matcher" if impostor == "another service" else ""):
        assert client.get("/v1/accesses").status_code == 502


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "matcher"])  # noqa: S104 - what is refused
def test_a_service_does_not_listen_plainly_where_others_can(host: str) -> None:
    with pytest.raises(DataFileError, match="not without TLS"):
        ServiceSettings(host=host).tls()
    assert ServiceSettings(host=host, YIZHENG_PLAIN_HOSTS=f"broker,{host}").tls() is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_one_machine_a_service_may_speak_plainly(host: str) -> None:
    assert ServiceSettings(host=host).tls() is None


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no.pem"
    with pytest.raises(DataFileError, match=r"no\.pem"):
        ServiceSettings(YIZHENG_CERTIFICATE=missing, YIZHENG_CERTIFICATE_KEY=missing).tls()
