"""What `make run` does beside the services: wait until they are ready, load the district once, say how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from local_stack import gateway
from local_stack.certificates import authority_file
from local_stack.interrupts import orderly_end
from local_stack.layout import Layout
from local_stack.ports import SERVICES, Ports
from local_stack.waiting import answers_http, poll

READY = 90.0

ADVICE = """
Ready after {seconds:.1f} s. The gateway: {url}

  its authority  {authority}   (this machine's own; `curl --cacert`, CURL_CA_BUNDLE, a browser's settings)
  a token        make token ROLE=clerk
                 make token ROLE=reviewer DEPARTMENTS=health
                 make token ROLE=resident SUBJECT=<resident id>
  try it         curl --cacert {authority} {url}/v1/items
  interfaces     {url}/services/<{services}>/docs
  logs           {logs}
  operators      {url}/operations/   or   make operations ARGS="groups list"

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
    where = {"url": gateway.url(ports), "authority": shown(authority_file(layout.keys)), "logs": layout.logs}
    print(ADVICE.format(seconds=seconds, services="|".join(SERVICES), **where))
    return 0


def wait_ready(layout: Layout, ports: Ports) -> list[str]:
    """Wait for every service and the gateway; return the names of those that did not come up."""
    waiting = {name: partial(answers_http, ports.service(name), "/readyz") for name in SERVICES}
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
