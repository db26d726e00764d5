"""`make run`: everything up and staying up until Ctrl-C, the services and the gateway under honcho."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message

from local_stack import gateway, services, store
from local_stack.failure import StackError
from local_stack.infrastructure import Infrastructure
from local_stack.interrupts import orderly_end
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.processes import Program, require_all_free, tail
from local_stack.welcome import shown

ASKED_TO_STOP = (130, 143)
STOPPED = re.compile(r"(\S+) stopped \(rc=")


class LogFiles:
    """What honcho prints to: each process's lines go to its own log file, honcho's own words to `run.log`."""

    def __init__(self, layout: Layout) -> None:
        self.width = 0
        self.first_stopped = ""
        self._layout = layout
        self._files: dict[str, BinaryIO] = {}

    def write(self, message: Message) -> None:
        """Write one line of a process, or of honcho itself."""
        data = message.data.encode() if isinstance(message.data, str) else message.data
        stopped = STOPPED.match(data.decode(errors="replace")) if message.name == SYSTEM_PRINTER_NAME else None
        if stopped and not self.first_stopped:
            self.first_stopped = stopped[1]
        file = self._file("run" if message.name == SYSTEM_PRINTER_NAME else message.name)
        file.write(data)
        file.flush()

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            path = self._layout.log(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[name] = path.open("ab")
        return self._files[name]


def main() -> int:
    """Run until Ctrl-C or SIGTERM (0), or until something cannot start or ends by itself (1)."""
    started = time.time()
    layout = Layout.from_environment()
    try:
        with orderly_end():
            return run(layout, Ports.from_environment(), started)
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
        addresses = services.Addresses(infrastructure.amqp_url, infrastructure.mongodb_url)
        programs = (
            services.topology_program(layout, ports, addresses),
            *services.programs(layout, ports, addresses),
            gateway.program(layout, ports),
        )
        require_all_free(programs)
        environment = {**os.environ, **services.shared_environment(layout, ports, addresses)}
        print("starting the services and the gateway", flush=True)
        with welcoming(environment, started):
            cause = keep_up(programs, layout)
        print("stopping broker and store", flush=True)
    print(f"everything is down; the data stays in {shown(layout.var)} for the next `make run`", flush=True)
    if cause:
        print(f"run: {cause} ended by itself, so everything was taken down\n{tail(layout.log(cause))}", file=sys.stderr)
    return 1 if cause else 0


def keep_up(programs: Sequence[Program], layout: Layout) -> str:
    """Run programs side by side until Ctrl-C; return the name of one that ended by itself, empty when none did."""
    output = LogFiles(layout)
    manager = Manager(printer=output)
    for program in programs:
        manager.add_process(program.name, f"exec {shlex.join(program.command)}", env=dict(program.environment))
    # honcho obeys Ctrl-C and SIGTERM; a terminal that is closed means the same.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        manager.loop()
    finally:
        output.close()
    return "" if manager.returncode in ASKED_TO_STOP else output.first_stopped


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
