"""What `make run` does beside the services: wait until they are ready, load the district once, say how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from local_stack import gateway
from local_stack.interrupts import ended_by_sigterm
from local_stack.layout import Layout
from local_stack.ports import SERVICES, Ports
from local_stack.waiting import answers_http, poll

READY = 90.0
LOADED = "synthetic-district-loaded"

ADVICE = """
Ready after {seconds:.1f} s. The gateway: {url}

  a token        make token ROLE=clerk
                 make token ROLE=reviewer DEPARTMENTS=health
                 make token ROLE=resident SUBJECT=<resident id>
  try it         curl -H "Authorization: Bearer $(make -s token ROLE=clerk)" {url}/v1/items
  interfaces     {url}/services/<{services}>/docs
  logs           {logs}
  dead letters   make dead-letters

Ctrl-C takes everything down.
"""


def main() -> int:
    """Welcome whoever typed `make run`; end the run when it does not become ready."""
    try:
        with ended_by_sigterm():
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
    load_once(layout, gateway.url(ports), os.environ["AMQP_URL"])
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


def load_once(layout: Layout, gateway_url: str, amqp_url: str) -> None:
    """Load the synthetic residents and records, unless an earlier run in this `var` did."""
    loaded = layout.var / LOADED
    if loaded.exists():
        print("found the residents and records of an earlier run (`make reset` forgets them)", flush=True)
        return
    print("loading synthetic residents, mirror and department records", flush=True)
    command = (sys.executable, "-m", "synthetic", "load", "--gateway", gateway_url, "--amqp", amqp_url)
    if subprocess.run(command, check=False, cwd=Path.cwd()).returncode == 0:
        loaded.touch()
    else:
        print("run: loading did not finish; the system is up, and the next `make run` loads again", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
