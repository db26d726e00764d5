"""The gateway with something behind it that says what reached it, and callers from several addresses."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from local_stack import gateway
from local_stack.layout import Layout
from local_stack.ports import HOST, SERVICES, Ports
from local_stack.processes import Program, Running, stop_all, wait_ready
from testkit.patience import PATIENCE


class Echo(BaseHTTPRequestHandler):
    """Answers with the request as it came, and with what a careless service might say of itself."""

    protocol_version = "HTTP/1.1"
    server_version = "Careless/1.2.3"
    wbufsize = -1

    def answer(self) -> None:
        """Tell the request line, its headers and the size of its body."""
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        told = {"line": self.requestline, "headers": dict(self.headers.items()), "size": size}
        content = json.dumps(told).encode() + b" " * self._wanted()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Powered-By", "Careless/1.2.3")
        if self.path.startswith("/operations/"):
            self.send_header("Content-Security-Policy", "default-src 'self'")
            self.send_header("Cache-Control", "public, max-age=60")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _wanted(self) -> int:
        """Return by how many bytes the answer is to be longer: so many megabytes as `?large=` says."""
        asked = parse_qs(urlsplit(self.path).query)
        return int(asked.get("large", ["0"])[0]) * 1024 * 1024

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@dataclass(frozen=True)
class DoorwayAnswer:
    """An answer as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Doorway:
    """The gateway and ways to call it."""

    layout: Layout
    ports: Ports

    def client(self, address: str = HOST) -> httpx.Client:
        """Return a client that calls from an address of the loopback network."""
        transport = httpx.HTTPTransport(verify=gateway.trusted(self.layout), local_address=address)
        return httpx.Client(base_url=gateway.url(self.ports), transport=transport, timeout=PATIENCE)

    def raw(self, request: bytes, address: str = HOST) -> DoorwayAnswer | None:
        """Send bytes as they stand; return the first answer, or None when the line was cut without one."""
        return _parsed(self._said(request, address))

    def in_a_row(self, times: int, line: str, address: str, *headers: str) -> Counter[int]:
        """Ask the same so often without waiting for answers; count them by status."""
        head = "\r\n".join([f"{line} HTTP/1.1", f"Host: {HOST}", *headers])
        last = f"{head}\r\nConnection: close\r\n\r\n"
        said = self._said((f"{head}\r\n\r\n" * (times - 1) + last).encode(), address)
        return Counter(map(int, re.findall(rb"^HTTP/1.1 (\d+) ", said, re.MULTILINE)))

    def _said(self, request: bytes, address: str) -> bytes:
        with (
            socket.create_connection((HOST, self.ports.gateway), 20, (address, 0)) as plain,
            gateway.trusted(self.layout).wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(request)
            return _all(connection)


def _all(connection: socket.socket) -> bytes:
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:  # an answer to half a request, then cut
        pass
    return b"".join(pieces)


def _parsed(said: bytes) -> DoorwayAnswer | None:
    if not said.startswith(b"HTTP/1.1 "):
        return None
    head, _, content = said.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return DoorwayAnswer(int(status.split()[1]), headers, content)


@contextmanager
def doorway(
    folder: Path, ports: Ports, *, services: Collection[str] = SERVICES, limits: Mapping[str, str] | None = None
) -> Iterator[Doorway]:
    """Run the gateway, and for these services something that echoes; the others are down.

    `limits` are other values for directives in `limits.conf`.
    """
    layout = Layout(folder)
    with ExitStack() as undo:
        for name in services:
            server = undo.enter_context(ThreadingHTTPServer((HOST, ports.service(name)), Echo))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            undo.callback(server.shutdown)
        program = gateway.program(layout, ports)
        for directive, value in (limits or {}).items():
            _set(layout.gateway / gateway.FOLDER / "limits.conf", directive, value)
        running = Running(program, layout.log("gateway"))
        undo.callback(stop_all, [running], seconds=5)
        wait_ready([running], seconds=PATIENCE)
        yield Doorway(layout, ports)


@contextmanager
def gateway_client(layout: Layout, ports: Ports, program: Program) -> Iterator[httpx.Client]:
    """Run the gateway with nothing behind it, as its program says, and call it."""
    running = Running(program, layout.log("gateway"))
    try:
        wait_ready([running], seconds=PATIENCE)
        with httpx.Client(base_url=gateway.url(ports), timeout=PATIENCE, verify=gateway.trusted(layout)) as client:
            yield client
    finally:
        stop_all([running], seconds=5)


def _set(path: Path, directive: str, value: str) -> None:
    text, times = re.subn(rf"^{directive} .*;$", f"{directive} {value};", path.read_text(), flags=re.MULTILINE)
    assert times == 1, directive  # noqa: S101 - a test's own mistake
    path.write_text(text)
