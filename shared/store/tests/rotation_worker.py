"""A rotation in a process of its own, slow enough to be killed: `rotation_worker.py MONGODB DATABASE KEYS`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pymongo import AsyncMongoClient

from store import master_keys, rotation
from store.field_encryption import Vault
from store.repository import CODECS, Database, Document
from store.rotation import RotationProgress
from web.logs import configure


async def work(mongodb: str, name: str, keys: Path) -> None:
    """Rotate, saying after each page how many values were sealed anew."""
    rotation._AT_ONCE = 5  # noqa: SLF001 - so that there is a middle
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb, tz_aware=True, w="majority")
    vault = Vault(client, name, master_keys=lambda: master_keys.read(keys, None), codecs=CODECS)

    def tell(progress: RotationProgress) -> None:
        print(progress.sealed, flush=True)  # noqa: T201 - the test reads it

    await rotation.rotate(Database(client, name, vault), vault, tell, quiet=0.2)
    print("done", flush=True)  # noqa: T201 - the test reads it
    await client.close()


if __name__ == "__main__":
    configure("rotation", "error")  # what it says is for the test alone
    asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
