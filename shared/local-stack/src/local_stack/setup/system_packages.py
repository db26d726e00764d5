"""Debian packages that the project runs but does not ship, installed without any service being started."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.setup.report import SetupError, run, say, tail

POLICY = Path("usr/sbin/policy-rc.d")
# Maintainer scripts ask it before they start a service; 101 says: not allowed.
DENY = "#!/bin/sh\n# Placed by the set-up of Yizheng while it installs packages; removed afterwards.\nexit 101\n"
ADMIN_FOLDERS = ("/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Need:
    """A program, the Debian package that has it, and where it may be found outside the PATH."""

    program: str
    package: str
    elsewhere: tuple[str, ...] = ()

    def is_met(self) -> bool:
        """Say whether the program is there."""
        path = os.pathsep.join((os.environ.get("PATH", ""), *ADMIN_FOLDERS))
        return shutil.which(self.program, path=path) is not None or any(map(glob.glob, self.elsewhere))


BROKER = Need(
    "rabbitmq-server",
    "rabbitmq-server",
    (
        "/usr/lib/rabbitmq/bin/rabbitmq-server",
        "/opt/rabbitmq/sbin/rabbitmq-server",
        "/opt/homebrew/sbin/rabbitmq-server",
    ),
)
GATEWAY = Need("nginx", "nginx")
CURL = Need("curl", "curl")  # the documents' examples, which the tests run
STORE_LIBRARY = Need("libcurl.so.4", "libcurl4", ("/usr/lib/*/libcurl.so.4", "/usr/lib*/libcurl.so.4"))  # mongod's
SANDBOX = Need("libseccomp.so.2", "libseccomp2", ("/usr/lib/*/libseccomp.so.2", "/usr/lib*/libseccomp.so.2"))  # scans
BROWSER = Need("chromium", "chromium")  # pages, walked through and photographed
WINDOWLESS = Need("chromium-headless-shell", "chromium-headless-shell", ("/usr/bin/chromium*",))  # the same, in tests
CHINESE = Need(
    "NotoSansCJK-Regular.ttc", "fonts-noto-cjk", ("/usr/share/fonts/*/*/*CJK*", "/System/Library/Fonts/PingFang*")
)
RULES_CHECK = Need("promtool", "prometheus")  # the alert rules, checked
WRONG_CLOCK = Need("faketime", "libfaketime", ("/usr/lib/*/faketime/libfaketimeMT.so.1",))  # `make chaos`
QR_READER = Need("zbarimg", "zbar-tools")  # the QR codes, read by another program than ours
AMQP_TOOLS = Need("amqp-publish", "amqp-tools")  # the departments' examples, typed as they stand


def python_packages() -> tuple[str, ...]:
    """Return the package that lets this Python make virtual environments, for the system's Python and for others."""
    return (f"python{sys.version_info.major}.{sys.version_info.minor}-venv",)


def wanted(part: str) -> tuple[Need, ...]:
    """Return what a part of the set-up needs: `python` nothing, `run` what runs, the others also what only they use."""
    tools = (WINDOWLESS, CHINESE, RULES_CHECK, AMQP_TOOLS, QR_READER, WRONG_CLOCK)
    to_run = _to_run()
    only = {"run": (), "browse": (BROWSER, CHINESE), "chaos": (WRONG_CLOCK,), "test": tools}
    return (*to_run, *only[part]) if part in only else ()


def _to_run() -> tuple[Need, ...]:
    """Return what a run needs: broker and store unless AMQP_URL and MONGODB_URL name them, and what is always used."""
    broker = () if os.environ.get("AMQP_URL") else (BROKER,)
    store = () if os.environ.get("MONGODB_URL") else (STORE_LIBRARY,)
    return (*broker, *store, GATEWAY, CURL, SANDBOX)


def ensure(needs: Sequence[Need], log: Path) -> None:
    """Install what is missing. Raises SetupError that names the packages where that is not possible."""
    missing = [need.package for need in needs if not need.is_met()]
    if missing:
        install(missing, log)


def install(packages: Sequence[str], log: Path, *, root: Path = Path("/")) -> None:
    """Install packages through apt-get, as root, starting none of their services. Raises SetupError."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(f"please install {names} with this system's package manager, then try again")
    if os.geteuid() != 0:
        raise SetupError(f"please install what is missing, as root: apt-get install --no-install-recommends {names}")
    say(f"installing {names} through apt-get (their services are not started)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_kept_down(root):
        # A list that cannot be refreshed may still be good enough.
        run(["apt-get", "update", "-q"], log=log, environment=environment)
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
        if not run(command, log=log, environment=environment):
            raise SetupError(f"apt-get could not install {names}:\n{tail(log)}")


@contextmanager
def services_kept_down(root: Path) -> Iterator[None]:
    """Forbid package scripts to start services; an own policy of the machine is kept, and restored in any case."""
    policy = root / POLICY
    kept = policy.with_name(f"{policy.name}.before-yizheng")
    policy.parent.mkdir(parents=True, exist_ok=True)
    if policy.exists() and not kept.exists() and policy.read_text(errors="replace") != DENY:
        policy.rename(kept)
    policy.write_text(DENY)
    policy.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
        if kept.exists():
            kept.rename(policy)
