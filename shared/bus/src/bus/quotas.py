"""How much each system outside has sent in this hour, counted by all processes of a service together.

Each process counts what it begins and adds it to the store every second, where it also reads what the others have
counted; one that has begun nothing for a while reads it once a minute, and again a second after what it begins next.
So a restart forgives nothing, and no message waits for the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from bus import metrics
from bus.outage_log import OutageLog
from bus.poll import SELDOM, Poll
from bus.topology import Department
from store.repository import Database

QUOTAS = "quotas"
"""The collection: a document for each sender and hour."""
KEEP_EVERY = 1.0
"""Seconds between two additions to the store."""
_RESTS_AFTER = 10
"""Additions without any message after which the store is looked at only now and then."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Use:
    """What one sender has used of its quota since `since`, until which moment it counts, and what still waits."""

    sender: str
    per_hour: int
    used: int
    waiting: int
    since: datetime
    until: datetime

    @property
    def is_over(self) -> bool:
        """Tell whether its messages are handled one a second now."""
        return self.used >= self.per_hour


class Quotas:
    """The quotas of the systems that one service hears."""

    def __init__(
        self,
        service: str,
        senders: Sequence[Department] = (),
        database: Database | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service = service
        self._per_hour: Mapping[str, int] = {each.code: each.per_hour for each in senders}
        self._quotas = database[QUOTAS] if database is not None else None
        self._clock = clock
        self._hour = self._this_hour()
        self._kept: Counter[str] = Counter()
        self._fresh: Counter[str] = Counter()
        self._kept_since = 0
        self._poll = Poll(lambda: self._kept_since > _RESTS_AFTER, at_rest=SELDOM)
        self.waiting: Counter[str] = Counter()
        """How many messages wait in a sender's queue, as last seen."""
        self._outages = OutageLog("quotas_not_kept")

    def count(self, sender: str, messages: int = 1) -> None:
        """Count a message that is begun now, as so many."""
        self._turn_the_hour()
        self._fresh[sender] += messages
        self._kept_since = 0

    def is_over(self, sender: str) -> bool:
        """Tell whether a sender has used its quota up; without one it has not."""
        self._turn_the_hour()
        return self.used(sender) >= self._per_hour.get(sender, inf)

    def of(self, sender: str) -> Use:
        """Return what a sender has used. Raises KeyError for one that is not heard here."""
        self._turn_the_hour()
        return Use(
            sender, self._per_hour[sender], self.used(sender), self.waiting[sender], self._hour, self._hour + _HOUR
        )

    def all(self) -> list[Use]:
        """Return what every sender has used."""
        return [self.of(sender) for sender in self._per_hour]

    async def keep(self) -> None:
        """Add to the store what was counted since, and read what all processes have counted. An outage is put off."""
        self._kept_since += 1
        if self._quotas is None or not self._per_hour or not self._poll.is_due():
            return
        self._turn_the_hour()
        hour, added = self._hour, {sender: count for sender, count in self._fresh.items() if count}
        try:
            if added:
                await self._quotas.bulk_write([self._adding(sender, count) for sender, count in added.items()])
            wanted = {"_id": {"$in": [self._id(sender) for sender in self._per_hour]}}
            kept = Counter({row["sender"]: row["used"] async for row in self._quotas.find(wanted)})
        except PyMongoError as error:
            self._outages.tell(error, service=self._service)
            return
        if hour == self._hour:
            self._kept = kept
            self._fresh.subtract(added)
        self._show()

    def _adding(self, sender: str, count: int) -> UpdateOne:
        said = {"sender": sender, "at": self._hour}
        return UpdateOne({"_id": self._id(sender)}, {"$inc": {"used": count}, "$setOnInsert": said}, upsert=True)

    def _id(self, sender: str) -> str:
        return f"{sender}/{self._hour:%Y-%m-%dT%H}"

    def used(self, sender: str) -> int:
        """Return how many messages of a sender were begun this hour."""
        return self._kept[sender] + self._fresh[sender]

    def _turn_the_hour(self) -> None:
        """Begin to count from nothing when the hour is over."""
        hour = self._this_hour()
        if hour != self._hour:
            self._hour = hour
            self._kept.clear()
            self._fresh.clear()

    def _this_hour(self) -> datetime:
        return self._clock().replace(minute=0, second=0, microsecond=0)

    def _show(self) -> None:
        for use in self.all():
            metrics.QUOTA_USED.labels(self._service, use.sender).set(use.used / use.per_hour)
