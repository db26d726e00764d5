"""`make test-brokers`: the bus, the accounts, attacks and the demo on each version of RabbitMQ that we support.

Beside the machine's own RabbitMQ, those of Debian's other suites, fetched once into `var/brokers/` with debootstrap.
The machine's packages and package sources stay as they are: each version runs in a mount namespace of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.broker import HERE
from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout

SUITES = ("trixie", "sid")
"""Debian's suites with RabbitMQ 4.0 and 4.3."""
PACKAGES = "rabbitmq-server,ca-certificates"
TESTS = (
    "shared/bus",
    "shared/local-stack/tests/test_broker_accounts.py",
    "shared/local-stack/tests/test_broker_permissions.py",
    "shared/local-stack/tests/test_service_accounts.py",
    "services/credential-store/tests/test_credential_forged.py",
    "tests/end_to_end/test_forgeries.py",
    "tests/faults/node_loss.py",
)
_PASSED = re.compile(r"\b(\d+) passed\b")
_VERSION = re.compile(r"rabbitmq_server-([\d.]+)$")


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How one version did: tests that passed, 0 when any failed, and whether the demo reached its end."""

    version: str
    passed: int
    demo: bool
    seconds: float
    log: Path

    @property
    def is_good(self) -> bool:
        """Whether nothing failed."""
        return self.passed > 0 and self.demo

    def __str__(self) -> str:
        tests = f"{self.passed} tests passed" if self.passed else "tests failed"
        demo = "demo passed" if self.demo else "demo failed"
        return f"RabbitMQ {self.version}: {tests}, {demo}, {self.seconds:.0f} s" + (
            "" if self.is_good else f"; {self.log}"
        )


def main() -> int:
    """Try every version and print a line each; 1 when anything failed."""
    layout = Layout.from_environment()
    try:
        roots = [HERE, *(fetched(suite, layout) for suite in SUITES)]
    except StackError as error:
        print(f"test-brokers: {error}", file=sys.stderr)
        return 1
    good = True
    for root in roots:
        outcome = tried(root, layout)
        print(outcome, flush=True)
        good = good and outcome.is_good
    return 0 if good else 1


def fetched(suite: str, layout: Layout) -> Path:
    """Return the root of a Debian suite with RabbitMQ, fetched if it is not there. Raises StackError."""
    root = layout.var / "brokers" / suite
    if root.exists():
        return root
    if os.geteuid() != 0:
        raise StackError(f"fetching RabbitMQ of Debian's {suite} needs root")
    print(f"fetching RabbitMQ of Debian's {suite} into {root} (some minutes, 400 MB)", flush=True)
    fresh, log = root.with_name(f".{suite}"), layout.log("brokers")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    tool = _debootstrap(layout, log)
    command = ["--variant=minbase", f"--include={PACKAGES}", suite, str(fresh)]
    environment = {"DEBOOTSTRAP_DIR": str(tool / "usr" / "share" / "debootstrap")}
    if not _run([str(tool / "usr" / "sbin" / "debootstrap"), *command], log, environment):
        raise StackError(f"Debian's {suite} could not be fetched; the log is {log}")
    shutil.copy("/etc/hosts", fresh / "etc" / "hosts")  # or the port mapper finds no localhost
    fresh.rename(root)
    return root


def _debootstrap(layout: Layout, log: Path) -> Path:
    """Return the folder with debootstrap, unpacked from its package: nothing is installed. Raises StackError."""
    folder = layout.var / "brokers" / "debootstrap"
    if not folder.exists():
        work = folder.with_name(".debootstrap")
        work.mkdir(parents=True, exist_ok=True)
        if not _run(["apt-get", "download", "debootstrap"], log, {}, work):
            _run(["apt-get", "update"], log, {})
            if not _run(["apt-get", "download", "debootstrap"], log, {}, work):
                raise StackError(f"the package debootstrap could not be fetched; the log is {log}")
        (package,) = work.glob("*.deb")
        if not _run(["dpkg", "-x", str(package), str(work)], log, {}):
            raise StackError(f"{package} could not be unpacked; the log is {log}")
        work.rename(folder)
    return folder


def tried(root: Path, layout: Layout) -> TrialOutcome:
    """Run the tests and the demo on the RabbitMQ of a root."""
    begun, log = time.monotonic(), layout.log(f"brokers-{root.name or 'here'}")
    log.unlink(missing_ok=True)
    environment = {"YIZHENG_BROKER_ROOT": str(root), "AMQP_URL": "", "MONGODB_URL": ""}
    tests = _run([sys.executable, "-m", "pytest", "-q", "-n", "auto", *TESTS], log, environment)
    passed = _PASSED.findall(log.read_text(errors="replace"))
    demo = _run([sys.executable, "-m", "tests.journeys.demo"], log, environment)
    return TrialOutcome(
        version_in(root), int(passed[-1]) if tests and passed else 0, demo, time.monotonic() - begun, log
    )


def version_in(root: Path) -> str:
    """Return the version of RabbitMQ that is installed in a root, `?` where there is none."""
    folders = sorted((root / "usr" / "lib" / "rabbitmq" / "lib").glob("rabbitmq_server-*"))
    found = _VERSION.search(folders[-1].name) if folders else None
    return found[1] if found else "?"


def _run(command: Sequence[str], log: Path, environment: dict[str, str], folder: Path = ROOT) -> bool:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
