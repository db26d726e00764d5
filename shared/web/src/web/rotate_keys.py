"""`python -m web.rotate_keys <service>`: new keys for what one service's database keeps, while the service runs.

It needs the service's own environment: its address of the store, `YIZHENG_KEYS` and `YIZHENG_KMS`. Put the new master
key in front of the old one first, where all of the service's processes read it. Started again after a kill, it goes on.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from pymongo.errors import PyMongoError

from runtime.data_files import DataFileError
from store.field_encryption import VaultError
from store.rotation import Done, RotationProgress, rotate
from web.config import ServiceSettings
from web.logs import configure
from web.service_runtime import ServiceRuntime

_WIDTH = 24
_USAGE = 64
_UNAVAILABLE = 69
_CONFIGURATION = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Rotate and tell. Exit codes: 64 no service named, 69 no store, 78 a key is missing or can't be used."""
    return for_service("rotate_keys", _run, arguments)


def for_service(
    command: str, run: Callable[[str, ServiceRuntime], Awaitable[str]], arguments: Sequence[str] | None
) -> int:
    """Run a command on the database of the service that is named, and print what it says. Exit codes as `main` has."""
    named = list(sys.argv[1:] if arguments is None else arguments)
    if len(named) != 1:
        print(f"which service? e.g. python -m web.{command} identity", file=sys.stderr)  # noqa: T201 - a command
        return _USAGE
    name = named[0]
    configure(name, "warning")
    try:
        said = asyncio.run(_with_kernel(name, run))
    except (DataFileError, VaultError) as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - a command
        return _CONFIGURATION
    except (PyMongoError, OSError) as error:
        print(f"{name}: the store can't be reached or refuses: {error}", file=sys.stderr)  # noqa: T201 - a command
        return _UNAVAILABLE
    print(said)  # noqa: T201 - a command
    return 0


async def _with_kernel(name: str, run: Callable[[str, ServiceRuntime], Awaitable[str]]) -> str:
    prefix = f"{name.replace('-', '_').upper()}_"
    runtime = ServiceRuntime(name, ServiceSettings(_env_prefix=prefix))
    try:
        return await run(name, runtime)
    finally:
        await runtime.stop()


async def _run(name: str, runtime: ServiceRuntime) -> str:
    bar = Bar(name)

    def tell(progress: RotationProgress) -> None:
        waiting = ", waiting until nobody seals with the old key" if progress.is_waiting else ""
        bar.show(progress.looked_at / max(progress.total, 1), f"{progress.sealed} sealed anew{waiting}")

    return _told(name, await rotate(runtime.database, runtime.vault, tell))


class Bar:
    """A progress as one line: redrawn for a person, every tenth of the way for a log."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = -1

    def show(self, share: float, said: str) -> None:
        """Show how far it is, from 0 to 1."""
        share = min(1.0, share)
        line = f"{self._name:<18} [{'#' * round(share * _WIDTH):<{_WIDTH}}] {said}"
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
