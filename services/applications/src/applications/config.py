"""Settings, from the environment (prefix APPLICATIONS_)."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from web.config import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, and where the catalogue is."""

    model_config = SettingsConfigDict(env_prefix="APPLICATIONS_")

    catalogue: Path = Path(__file__).parent / "data"
    """Folder with `items/*.yaml`, `departments.yaml`, `search_words.yaml` and the like."""
