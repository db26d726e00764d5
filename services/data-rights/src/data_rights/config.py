"""Settings, from the environment (`DATA_RIGHTS_…`)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from web.config import ServiceSettings


class Settings(ServiceSettings):
    """What can be set for data-rights."""

    model_config = SettingsConfigDict(env_prefix="DATA_RIGHTS_", extra="ignore", frozen=True)

    gather_for: float = Field(0.2, ge=0, le=2)
    """Seconds for which an entry waits for others to be committed with it."""
    seal_after: float = 3.0
    """Seconds that an entry waits at most, while others join it, until it is sealed into a block."""
    publish_every: float = 60.0
    """Seconds between two published heads of the record, when there is something new."""
    window_days: int = Field(30, ge=1, le=365)
    """Days after the approval within which a correction of the registration is made at a window (assumed)."""
    correctable: Path = Path(str(files("data_rights"))) / "data" / "registration.yaml"
    """What of a registration may be corrected, and who answers; a district may keep its own."""
    heads: Path | None = Field(None, validation_alias="YIZHENG_RECORD_HEADS")
    """File to which published heads are appended, a JSON line each; none unless set."""
