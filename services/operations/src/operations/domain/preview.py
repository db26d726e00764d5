"""What a replay would mean, as it was when its selection was frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from operations.domain.items import ChosenItem


class PreviewQueue(BaseModel):
    """A service's queue as the broker showed it; `exists` None when the broker could not be asked."""

    model_config = ConfigDict(frozen=True)

    service: str
    exists: bool | None
    consumers: int = 0
    messages: int = 0


class PreviewCount(BaseModel):
    """How many of the selection have the same service, type or group."""

    model_config = ConfigDict(frozen=True)

    name: str
    count: int


class PreviewExample(BaseModel):
    """One of the selection."""

    model_config = ConfigDict(frozen=True)

    service: str
    event_id: str
    event_type: str
    failure: str | None


class ReplayPreview(BaseModel):
    """What would be sent where, as it was when the selection was frozen."""

    model_config = ConfigDict(frozen=True)

    services: tuple[PreviewCount, ...]
    types: tuple[PreviewCount, ...]
    groups: tuple[PreviewCount, ...]
    queues: tuple[PreviewQueue, ...]
    seconds: float
    """How long it would take at the rate, if everything were handled at once."""
    examples: tuple[PreviewExample, ...]


def look_ahead(
    chosen: Sequence[ChosenItem], groups: Iterable[str], queues: Sequence[PreviewQueue], rate: int
) -> ReplayPreview:
    """Tell what a selection would mean."""
    return ReplayPreview(
        services=_counted(each.service for each in chosen),
        types=_counted(each.event_type for each in chosen),
        groups=_counted(groups),
        queues=tuple(queues),
        seconds=round(len(chosen) / rate, 1),
        examples=tuple(
            PreviewExample(
                service=each.service, event_id=each.event_id, event_type=each.event_type, failure=each.failure
            )
            for each in chosen[:_EXAMPLES]
        ),
    )


_EXAMPLES = 5
_MOST_COUNTS = 100


def _counted(names: Iterable[str]) -> tuple[PreviewCount, ...]:
    return tuple(PreviewCount(name=name, count=count) for name, count in Counter(names).most_common(_MOST_COUNTS))
