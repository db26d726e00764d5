"""How far this process's clock is from the store's, as the one clock that all processes of a service can see.

Tokens are checked by a clock: one that is slow takes every new token for one from the future, one that is fast takes
good ones for expired.
"""

from __future__ import annotations

import time

from prometheus_client import Gauge

from store.repository import CODECS, Database

SKEW = Gauge(
    "yizheng_clock_skew_seconds",
    "How far this process's clock is ahead of the store's; negative: behind; accurate to half a round trip",
    ["service"],
)


async def measure(database: Database, service: str) -> float:
    """Return the skew in seconds, and keep it for whoever scrapes. Raises PyMongoError when the store is away."""
    before = time.time()
    answer = await database.command("hello", codec_options=CODECS)
    between = (before + time.time()) / 2
    skew: float = between - answer["localTime"].timestamp()
    SKEW.labels(service).set(round(skew, 3))
    return skew
