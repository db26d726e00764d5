"""`python -m runtime.rotate_keys <service>`: new keys for what one service's database keeps, while the service runs.

It needs the service's own environment: its address of the store, `YIZHENG_KEYS` and `YIZHENG_KMS`. Put the new master
key in front of the old one first, where all of the service's processes read it. Started again after a kill, it goes on.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from pymongo.errors import PyMongoError

from messaging.vault import VaultError
from runtime.config import ServiceSettings
from runtime.data_files import DataFileError
from runtime.kernel import Kernel
from runtime.logs import configure
from runtime.rotation import Done, Progress, rotate

_WIDTH = 24
_USAGE = 64
_UNAVAILABLE = 69
_CONFIGURATION = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Rotate and tell. Exit codes: 64 no service named, 69 no store, 78 a key is missing or can't be used."""
    named = list(sys.argv[1:] if arguments is None else arguments)
    if len(named) != 1:
        print("which service? e.g. python -m runtime.rotate_keys identity", file=sys.stderr)  # noqa: T201 - a command
        return _USAGE
    name = named[0]
    configure(name, "warning")
    try:
        done = asyncio.run(_run(name))
    except (DataFileError, VaultError) as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - a command
        return _CONFIGURATION
    except (PyMongoError, OSError) as error:
        print(f"{name}: the store can't be reached or refuses: {error}", file=sys.stderr)  # noqa: T201 - a command
        return _UNAVAILABLE
    print(_told(name, done))  # noqa: T201 - a command
    return 0


async def _run(name: str) -> Done:
    prefix = f"{name.replace('-', '_').upper()}_"
    kernel = Kernel(name, ServiceSettings(_env_prefix=prefix))
    try:
        return await rotate(kernel.database, kernel.vault, _Bar(name))
    finally:
        await kernel.stop()


class _Bar:
    """The progress as one line: redrawn for a person, now and then for a log."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = -1

    def __call__(self, progress: Progress) -> None:
        share = min(1.0, progress.looked_at / max(progress.total, 1))
        line = f"{self._name:<18} [{'#' * round(share * _WIDTH):<{_WIDTH}}] {progress.sealed} sealed anew"
        if progress.is_waiting:
            line += ", waiting until nobody seals with the old key"
        if sys.stdout.isatty():
            print(f"\r\x1b[K{line}", end="", flush=True)  # noqa: T201 - a command
        elif round(share * 10) != self._said:
            self._said = round(share * 10)
            print(line, flush=True)  # noqa: T201 - a command


def _told(name: str, done: Done) -> str:
    said = f"{name}: {done.wrapped} data keys wrapped anew, {done.sealed} values sealed anew, older data keys removed"
    if not done.idle:
        return said
    return f"{said}\n{name}: nothing here needs {', '.join(done.idle)} any more: it may go once every service says so"


if __name__ == "__main__":
    raise SystemExit(main())
