"""`make run`: everything up and staying up until Ctrl-C; what ends by itself is started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local_stack import gateway, services, store
from local_stack.failure import StackError
from local_stack.infrastructure import Infrastructure
from local_stack.interrupts import orderly_end, undisturbed
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.processes import Program, Running, require_all_free, stop_all, tail
from local_stack.stack import LONGEST_STOP
from local_stack.supervision import SupervisedProcess, saying, supervise
from local_stack.welcome import shown

TARGETS = "targets.json"
"""The file in the run's folder that tells Prometheus what to ask."""


def main(layout: Layout | None = None, ports: Ports | None = None) -> int:
    """Run until Ctrl-C or SIGTERM (0), or until something cannot start or finds a mistake in its settings (1)."""
    started = time.time()
    try:
        with orderly_end():
            return run(layout or Layout.from_environment(), ports or Ports.from_environment(), started)
    except StackError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped before everything was up; nothing is left running", flush=True)
        return 0


def run(layout: Layout, ports: Ports, started: float) -> int:
    """Keep a whole system up."""
    ensure_keys(layout.keys)
    print(f"starting broker and store: {store.described()}", flush=True)
    with Infrastructure(layout, ports) as infrastructure:
        addresses = services.ServiceAddresses(infrastructure.amqp_url, infrastructure.mongodb_url)
        programs = (
            services.topology_program(layout, ports, addresses),
            *services.programs(layout, ports, addresses),
            services.provider_program(layout, ports),
            gateway.program(layout, ports),
        )
        require_all_free(programs)
        (layout.var / TARGETS).write_text(services.targets(ports), encoding="utf-8")
        environment = {**os.environ, **services.shared_environment(layout, ports, addresses)}
        print("starting the services and the gateway", flush=True)
        with welcoming(environment, started):
            cause = keep_up(programs, layout, infrastructure)
        print("stopping broker and store", flush=True)
    print(f"everything is down; the data stays in {shown(layout.var)} for the next time", flush=True)
    if cause:
        print(f"run: {cause} found a mistake, so everything was taken down\n{tail(layout.log(cause))}", file=sys.stderr)
    return 1 if cause else 0


def keep_up(programs: Sequence[Program], layout: Layout, infrastructure: Infrastructure) -> str:
    """Keep everything up until Ctrl-C; return the name of what can't be, empty when all could."""
    say = saying(layout.log("run"))

    def launch(program: Program) -> Running:
        return Running(program, layout.log(program.name))

    kept: list[SupervisedProcess] = []
    try:
        for each in programs:
            kept.append(SupervisedProcess(launch(each), launch, say))  # noqa: PERF401 - a Ctrl-C in between must find the first ones
        return supervise(
            [*kept, *(SupervisedProcess(running, infrastructure.launch, say) for running in infrastructure.running())]
        ).name
    except KeyboardInterrupt:
        return ""
    finally:
        with undisturbed():
            stop_all([each.running for each in kept if each.name == gateway.NAME], seconds=LONGEST_STOP)
            stop_all([each.running for each in kept], seconds=LONGEST_STOP)


@contextmanager
def welcoming(environment: dict[str, str], started: float) -> Iterator[None]:
    """Let the welcome wait beside the services until they are ready; it ends with them."""
    command = (sys.executable, "-m", "local_stack.welcome", str(started))
    welcome = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        welcome.terminate()
        welcome.wait()


if __name__ == "__main__":
    raise SystemExit(main())
