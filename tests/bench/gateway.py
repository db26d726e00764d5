"""What the door costs: the gateway as it is deployed, against nginx that only passes requests on.

The service behind both is a third nginx that answers a kilobyte at once, so that the door is what is measured. A rate
is taken twice: as the clients see it, who share the machine, and by the processor time that the door's processes used.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import httpx
import psutil

from local_stack import gateway
from local_stack.deadlines import accepts
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from local_stack.processes import Program, Running, stop_all, wait_ready
from synthetic.transport import KeptOpen
from tests.bench.figures import Figure, in_turns, ratio_of

REQUESTS = 4_000
HANDSHAKES = 400
CONNECTIONS = 16
ANSWER = '{"filler":"' + "x" * 1_000 + '"}'
TOKEN = "x" * 500 + "." + "s" * 86

SERVICE = """worker_processes 1; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000;
       server { listen %s; location / { default_type application/json; return 200 '%s'; } } }
"""
PLAIN = """worker_processes auto; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log /dev/stdout; keepalive_requests 1000;
       upstream service { server %s; keepalive 32; }
       proxy_http_version 1.1; proxy_set_header Connection "";
       server { listen %s; location / { proxy_pass http://service; } } }
"""


@dataclass(frozen=True)
class Door:
    """One contestant: its port, by whom it is trusted when it speaks TLS, its process."""

    port: int
    trusted: ssl.SSLContext | None
    process: Running

    async def rate(self, requests: int, *, fresh: bool) -> tuple[float, float]:
        """Return requests a second as clients see them, and per second of the door's processor time."""
        used, begun = self._processor(), perf_counter()
        share = requests // CONNECTIONS
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._ask(share, fresh=fresh))
        return requests / (perf_counter() - begun), requests / max(self._processor() - used, 0.01)

    async def _ask(self, times: int, *, fresh: bool) -> None:
        url = f"{'https' if self.trusted else 'http'}://{HOST}:{self.port}"
        for _ in range(times if fresh else 1):
            way = KeptOpen(HOST, self.port, connections=1, seconds=30, trusted=self.trusted)
            async with httpx.AsyncClient(base_url=url, transport=way, trust_env=False) as client:
                for _ in range(1 if fresh else times):
                    answer = await client.get("/v1/items", headers={"Authorization": f"Bearer {TOKEN}"})
                    assert answer.status_code == httpx.codes.OK

    def _processor(self) -> float:
        master = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (master, *master.children())]
        return sum(each.user + each.system for each in times)


async def doors(var: Path, ports: Ports, rounds: int) -> list[Figure]:
    """Let the gateway and the plain one take turns."""
    with _both(var, ports) as (ours, plain):
        figures = []
        for name, requests, fresh in (
            ("over a connection that stays open", REQUESTS, False),
            ("each over a connection of its own", HANDSHAKES, True),
        ):
            mine, theirs = await in_turns(
                partial(ours.rate, requests, fresh=fresh), partial(plain.rate, requests, fresh=fresh), rounds
            )
            for place, unit in enumerate(("requests/s", "requests per s of processor")):
                rates = [[each[place] for each in taken] for taken in (mine, theirs)]
                figures.append(ratio_of(name, *rates, unit=unit, goal=None, against="nginx without TLS and limits"))
        return figures


@contextmanager
def _both(var: Path, ports: Ports) -> Iterator[tuple[Door, Door]]:
    with ExitStack() as undo:
        layout = Layout(var.resolve())
        service, plain = (f"{HOST}:{ports.service(name)}" for name in ("applications", "operations"))
        undo.enter_context(_running("service", layout, SERVICE % (service, ANSWER), ports.service("applications")))
        theirs = undo.enter_context(_running("plain", layout, PLAIN % (service, plain), ports.service("operations")))
        program = gateway.program(layout, ports)
        _count_without_refusing(layout.gateway / gateway.FOLDER)
        ours = undo.enter_context(_started(program, layout.log("gateway")))
        yield Door(ports.gateway, gateway.trusted(layout), ours), Door(ports.service("operations"), None, theirs)


def _count_without_refusing(folder: Path) -> None:
    """Have this machine's requests counted like everybody's, and allow more than can come."""
    networks, limits = folder / "networks.conf", folder / "limits.conf"
    networks.write_text(networks.read_text().replace("127.0.0.1/32 0;", ""))
    limits.write_text(
        limits.read_text().replace("rate=50r/s", "rate=1000000r/s").replace("rate=20r/s", "rate=1000000r/s")
    )


@contextmanager
def _running(name: str, layout: Layout, configuration: str, port: int) -> Iterator[Running]:
    folder = layout.var / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / gateway.CONFIGURATION).write_text(configuration)
    command = [str(folder) if part == str(layout.gateway) else part for part in gateway.command(layout)]
    program = Program(name, tuple(command), dict(os.environ), lambda: accepts(port), (port,))
    with _started(program, layout.log(name)) as running:
        yield running


@contextmanager
def _started(program: Program, log: Path) -> Iterator[Running]:
    running = Running(program, log)
    try:
        wait_ready([running], seconds=20)
        yield running
    finally:
        stop_all([running], seconds=5)
