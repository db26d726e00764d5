"""What a store holds in clear: every collection's raw bytes are searched for what must not be readable in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bson.raw_bson import RawBSONDocument

from store.repository import Database


async def readable_in(database: Database, secrets: Iterable[str]) -> list[str]:
    """Return `collection: secret` for each secret that can be read in a collection without a key."""
    wanted = {secret: secret.encode() for secret in secrets}
    found = []
    for name in sorted(await database.list_collection_names()):
        raw = database.client.get_database(database.name).get_collection(name)
        documents = raw.with_options(codec_options=raw.codec_options.with_options(document_class=RawBSONDocument))
        content = b"".join([document.raw async for document in documents.find({})])
        found += [f"{name}: {secret}" for secret, written in wanted.items() if written in content]
    return found


_OF_PEOPLE = re.compile(r"[\u3400-\u9fff]{2}|^[0-9a-f]{64}$")


def told_in(value: Any) -> set[str]:  # noqa: ANN401 - a document holds anything
    """Find the texts with Chinese and the blind indexes, however deep: whom and what an example is made of."""
    if isinstance(value, str):
        return {value} if _OF_PEOPLE.search(value) else set()
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple | set) else ()
    return {text for part in parts for text in told_in(part)}
