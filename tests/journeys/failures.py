"""What operations holds of messages that could not be handled, as an operator sees it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from synthetic.caller import Caller


class Failure(BaseModel):
    """One message that a service failed."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    service: str
    reason: str
    path: str
    event_id: str
    state: str


class _Failures(BaseModel):
    items: tuple[Failure, ...]


async def of_event(operator: Caller, event_id: str) -> tuple[Failure, ...]:
    """Return the failures of one event, or of a message without an event by its AMQP id."""
    return (await operator.get("/v1/failures", _Failures, {"event_id": event_id})).items
