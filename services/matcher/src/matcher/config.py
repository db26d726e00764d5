"""Settings, from the environment (`MATCHER_…`)."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from web.config import ServiceSettings


class Settings(ServiceSettings):
    """What can be set for the matcher."""

    model_config = SettingsConfigDict(env_prefix="MATCHER_", extra="ignore", frozen=True)

    turn_every: float = 300.0
    """Seconds between two searches for records that have begun or ended without any news."""
    statistics_for: float = 60.0
    """Seconds for which a count of the evidence is given again before it is counted anew."""
