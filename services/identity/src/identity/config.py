"""Settings, from the environment (prefix IDENTITY_)."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from web.config import ServiceSettings


class Settings(ServiceSettings):
    """What every service has; identity needs nothing more."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")
