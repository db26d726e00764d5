"""Settings, from the environment (`PORTAL_…`)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from runtime.data_files import DataFileError
from web.config import ServiceSettings

KEY = "portal.key"
CLIENT_SECRET = "portal-client.key"  # noqa: S105 - the name of a file
_BYTES = 32


class Settings(ServiceSettings):
    """What can be set for the portal. `YIZHENG_ISSUER` is the identity provider that signs people in."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore", frozen=True)

    gateway: str = ""
    """The gateway's address as this process reaches it; by default the public one."""
    provider: str = ""
    """The https address of the identity provider's discovery document; by default below the issuer."""
    client_id: str = "yizheng-portal"
    """As whom the portal is registered with the provider; the secret is in `portal-client.key` of the keys' folder."""
    reader: str = "http://127.0.0.1:18990"
    """Where the agent of a card reader answers, on the clerk's or the terminal's machine and for nobody else."""
    terminal_seconds: int = Field(60, gt=0)
    """Seconds without a request after which a visit at a terminal ends."""
    session_minutes: int = Field(30, gt=0)
    """Minutes without a request after which a session ends."""
    session_hours: int = Field(12, gt=0)
    """Hours after which a session ends in any case."""

    @property
    def gateway_url(self) -> str:
        """The gateway's address."""
        return self.gateway or self.public_url

    @property
    def discovery(self) -> str:
        """Where the provider describes itself (OpenID Connect Discovery 1.0)."""
        return self.provider or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    def key(self) -> bytes:
        """Read the key that sessions are sealed with, beside what the browser holds. Raises DataFileError."""
        path = self.keys / KEY
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise DataFileError(f"{path}: {error}") from error
        if len(key) != _BYTES:
            raise DataFileError(f"{path}: needs {_BYTES} bytes in hexadecimal")
        return key

    def client_secret(self) -> str:
        """Read the secret that the provider knows the portal by. Raises DataFileError."""
        path = self.keys / CLIENT_SECRET
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DataFileError(f"{path}: {error}") from error
