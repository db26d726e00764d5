"""What `make run` does beside the services: wait until they are ready, load the district once, say how to go on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from local_stack import gateway
from local_stack.certificates import authority_file
from local_stack.deadlines import answers_http, poll
from local_stack.interrupts import orderly_end
from local_stack.layout import ROOT, Layout
from local_stack.ports import DEFAULT_BASE, PROCESSES, SERVICES, Ports
from local_stack.provider import people as provider
from local_stack.provider.people import ProviderPerson

READY = 90.0
_NAMED = 5
"""Residents whom the welcome names; the page offers all that were loaded."""
TYPED = {"YIZHENG_PORT_BASE": str(DEFAULT_BASE), "YIZHENG_VAR": str(ROOT / "var"), "MACHINES": "1"}
"""Settings by which the commands of another terminal find this run, and what they are when nobody sets them."""

ADVICE = """
The portal: {url}/
  Ready after {seconds:.1f} s. Open it in a browser and press 登录 (Sign in). These can:
{people}
  Without signing in: {url}/hall/ is for everybody, {url}/terminal/ is a kiosk with a card reader.
  The certificate is this machine's own: accept it once, or let the browser trust {authority}.
{first}
  its authority  {authority}   (`curl --cacert`, CURL_CA_BUNDLE, a browser's settings)
  call it as     make -s signed ROLE=clerk ARGS="GET /v1/terminals"
                 make -s signed ROLE=reviewer DEPARTMENTS=health ARGS="GET /v1/tasks"
  a token        make -s token ROLE=resident SUBJECT=<resident id>
  try it         curl --cacert {authority} {url}/v1/items
  a card reader  make card-reader   (with cards of the district, for /window/ and /terminal/)
  interfaces     {url}/services/<{services}>/docs
  logs           {logs}
  operators      {url}/operations/   signs in with: make -s token ROLE=operator SUBJECT=<you> ARGS=--page
                 make operations ARGS="groups list"

Ctrl-C takes everything down.
"""


def main() -> int:
    """Welcome whoever typed `make run`; end the run when it does not become ready."""
    try:
        with orderly_end():
            return welcome(Layout.from_environment(), Ports.from_environment())
    except KeyboardInterrupt:
        return 0


def welcome(layout: Layout, ports: Ports) -> int:
    """Wait, load, say how to go on; 1 when the services did not become ready."""
    missing = wait_ready(layout, ports)
    if missing:
        print(f"run: not ready after {READY:.0f} s: {', '.join(missing)}; see {layout.logs}", file=sys.stderr)
        os.kill(os.getppid(), signal.SIGTERM)
        return 1
    seconds = time.time() - float(sys.argv[1])
    load(gateway.url(ports))
    print(advice(layout, ports, seconds, os.environ))
    return 0


def settings(environment: Mapping[str, str]) -> str:
    """Say what to set before the commands in another terminal, where this run is not the usual one."""
    given = {name: environment[name] for name, usual in TYPED.items() if environment.get(name, usual) != usual}
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
    return f"\n  first          export {words}   (in every other terminal)" if words else ""


def advice(layout: Layout, ports: Ports, seconds: float, environment: Mapping[str, str]) -> str:
    people = signing_in([*provider.residents(layout), *provider.staff()])
    where = {"url": gateway.url(ports), "authority": shown(authority_file(layout.keys)), "logs": layout.logs}
    first = settings(environment)
    return ADVICE.format(people=people, first=first, seconds=seconds, services="|".join(SERVICES), **where)


def signing_in(people: Iterable[ProviderPerson]) -> str:
    """Say who can sign in: a line for each role."""
    named: dict[str, list[str]] = {"resident": []}
    for each in people:
        named.setdefault(each.role, []).append(each.name)
    more = "any other who is registered, by identity number"
    named["resident"] = [*named["resident"][:_NAMED], more]
    return "\n".join(f"    {role:<13}{', '.join(names)}" for role, names in named.items())


def wait_ready(layout: Layout, ports: Ports) -> list[str]:
    """Wait for every service and the gateway; return the names of those that did not come up."""
    waiting = {
        f"{name} on port {port}": partial(answers_http, port, "/startupz")
        for name in PROCESSES
        for port in ports.of(name)
    }
    waiting["gateway"] = partial(gateway.answers, layout, ports)

    def settled() -> bool:
        for name in [name for name, ready in waiting.items() if ready()]:
            del waiting[name]
        return not waiting

    poll(settled, seconds=READY)
    return list(waiting)


def shown(path: Path) -> Path:
    """Return a path as one types it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def load(gateway_url: str) -> None:
    """Load the synthetic residents and records; the loader itself knows what an earlier run has loaded."""
    command = (sys.executable, "-m", "synthetic", "load", "--gateway", gateway_url)
    if subprocess.call(command) != 0:
        print("run: loading did not finish; the system is up, and the next `make run` goes on loading", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
