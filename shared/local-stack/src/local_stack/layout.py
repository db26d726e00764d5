"""Where things are: the workspace, its configuration in `deploy/`, and everything that runs under `var/`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Layout:
    """The folders of one run. All state is under `var`, so emptying it forgets everything."""

    var: Path

    @classmethod
    def from_environment(cls) -> Layout:
        """Return the layout that YIZHENG_VAR names; `var/` in the workspace by default."""
        return cls(Path(os.environ.get("YIZHENG_VAR", "") or ROOT / "var").resolve())

    @property
    def deploy(self) -> Path:
        """The folder with all configuration."""
        return ROOT / "deploy"

    @property
    def keys(self) -> Path:
        """The folder with the development keys."""
        return self.var / "keys"

    @property
    def logs(self) -> Path:
        """The folder with one log per process."""
        return self.var / "log"

    @property
    def broker(self) -> Path:
        """The home of the private broker node."""
        return self.var / "broker"

    @property
    def store(self) -> Path:
        """The folder with the documents."""
        return self.var / "store"

    @property
    def gateway(self) -> Path:
        """The gateway's prefix: rendered configuration, pid, temporary files."""
        return self.var / "gateway"

    def log(self, name: str) -> Path:
        """Return the log file of one process."""
        return self.logs / f"{name}.log"


def search_path() -> str:
    """Return a PATH that starts with this environment's programs and ends with those that users often lack."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
