"""`python -m web.rotate_index <service>`: no blind index in one service's database is readable with the shared key.

Each is encrypted under a key of that database alone, while the service runs. It needs the service's own environment, as
`rotate_keys` does, and all processes of the service in this release. Started again after a kill, it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from store.index_rotation import Progress, encrypt_all, fraction, places_of
from web.rotate_keys import Bar, for_service
from web.service_runtime import ServiceRuntime


def main(arguments: Sequence[str] | None = None) -> int:
    """Encrypt and tell. Exit codes: 64 no service named, 69 no store, 78 a key is missing or can't be used."""
    return for_service("rotate_index", _run, arguments)


async def _run(name: str, runtime: ServiceRuntime) -> str:
    bar = Bar(name)

    def tell(progress: Progress) -> None:
        bar.show(fraction(progress), f"{progress.encrypted} of {progress.total} documents")

    places = places_of(import_module(f"{name.replace('-', '_')}.store"))  # a service says itself what it keeps
    done = await encrypt_all(runtime.database, places, tell)
    return f"{name}: {done} documents encrypted; no index is left in clear in {', '.join(sorted(places)) or 'it'}"


if __name__ == "__main__":
    raise SystemExit(main())
