"""Settings, from the environment (`CREDENTIAL_STORE_…`)."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from web.config import ServiceSettings


class Settings(ServiceSettings):
    """What can be set for the credential store."""

    model_config = SettingsConfigDict(env_prefix="CREDENTIAL_STORE_", extra="ignore", frozen=True)

    authorities: Path = Path(__file__).parent / "data" / "authorities.yaml"
    """The data file of departments that issue, and of whoever defines document types."""
    grants: Path = Path(__file__).parent / "data" / "grants.yaml"
    """The data file of what items grant, and what must have been proven for it."""
    former_urls: tuple[str, ...] = ()
    """Addresses under which the district issued credentials before it moved to `public_url`."""
    expire_every: float = 30.0
    """Seconds between two searches for credentials whose term has ended."""
