"""A service that seals nothing, to measure what sealing costs: `python -m tests.bench.unsealed identity`.

There is no setting for this: nothing that is installed can be told to keep people's data in clear.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

from store.field_encryption import Vault
from testkit.vaults import GlassVault
from web import service_runtime


class Unsealed(GlassVault):
    """Stands where a service opens its vault."""

    def __init__(self, *rest: Any, **named: Any) -> None:  # noqa: ANN401 - whatever the vault takes
        self._real = Vault(*rest, **named)

    async def decrypt(self, sealed: Any, of: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the store gave
        """Show the fields; those that a command sealed beside the services (the load of the mirror) are opened."""
        return await (self._real.decrypt(sealed, of) if isinstance(sealed, bytes) else super().decrypt(sealed, of))


if __name__ == "__main__":
    setattr(service_runtime, "Vault", Unsealed)  # noqa: B010 - another type, on purpose
    sys.argv = sys.argv[1:]  # a service looks at what is behind its name
    runpy.run_module(sys.argv[0], run_name="__main__")
