"""What `make run` does beside the services: wait until they are ready, load the district once, say how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from local_stack import gateway
from local_stack.interrupts import orderly_end
from local_stack.layout import Layout
from local_stack.ports import SERVICES, Ports
from local_stack.waiting import answers_http, poll

READY = 90.0

ADVICE = """
Ready after {seconds:.1f} s. The gateway: {url}

  a token        make token ROLE=clerk
                 make token ROLE=reviewer DEPARTMENTS=health
                 make token ROLE=resident SUBJECT=<resident id>
  try it         curl -H "Authorization: Bearer $(make -s token ROLE=clerk)" {url}/v1/items
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
    missing = wait_ready(ports)
    if missing:
        print(f"run: not ready after {READY:.0f} s: {', '.join(missing)}; see {layout.logs}", file=sys.stderr)
        os.kill(os.getppid(), signal.SIGTERM)
        return 1
    seconds = time.time() - float(sys.argv[1])
    load(gateway.url(ports))
    print(ADVICE.format(seconds=seconds, url=gateway.url(ports), services="|".join(SERVICES), logs=layout.logs))
    return 0


def wait_ready(ports: Ports) -> list[str]:
    """Wait for every service and the gateway; return the names of those that did not come up."""
    waiting = [(name, ports.service(name), "/readyz") for name in SERVICES]
    waiting.append(("gateway", ports.gateway, "/healthz"))

    def settled() -> bool:
        waiting[:] = [(name, port, path) for name, port, path in waiting if not answers_http(port, path)]
        return not waiting

    poll(settled, seconds=READY)
    return [name for name, _, _ in waiting]


def load(gateway_url: str) -> None:
    """Load the synthetic residents and records; the loader itself knows what an earlier run has loaded."""
    command = (sys.executable, "-m", "synthetic", "load", "--gateway", gateway_url)
    if subprocess.call(command) != 0:
        print("run: loading did not finish; the system is up, and the next `make run` goes on loading", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
