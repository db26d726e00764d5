"""Settings, from the environment (`OPERATIONS_…`)."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import SettingsConfigDict

import bus
from web.config import ServiceSettings

_EVENTS = Path(bus.__file__).resolve().parents[3] / "contracts" / "events"


class Settings(ServiceSettings):
    """What can be set for operations."""

    model_config = SettingsConfigDict(env_prefix="OPERATIONS_", extra="ignore", frozen=True)

    contracts: Path = _EVENTS
    """Folder with the JSON Schema of every event: what is personal, and what an edited event must meet."""
    trail_days: int = 90
    """Days for which every event is kept in the trail."""
    resolved_days: int = 90
    """Days for which a failure is kept after it was resolved."""
    discard_days: int = 30
    """Days within which a discarded failure can be taken back; afterwards its body is removed."""
    replay_rate: int = 50
    """Messages a second that a replay sends, unless it says otherwise."""
    replay_lease: float = 12.0
    """Seconds after which another process may go on with a replay whose driver says nothing any more."""
    fastest_replay: int = 2000
    """Messages a second that a replay may send at most."""
    largest_replay: int = 200_000
    """Messages that one replay may have at most."""
    forget_every: float = 3600.0
    """Seconds between two looks for what is past its time."""
