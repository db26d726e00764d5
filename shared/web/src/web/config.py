"""Settings that every service has, read from the environment."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

import bus
from bus.addresses import UnsafeAddressError, is_here, safe
from bus.event_encryption import EventCipher, secrets_file
from bus.key_file import EventKeyError
from bus.signatures import KEYS_FILE, EventKeys, EventSigner, key_file
from bus.topology import Topology
from runtime.data_files import DataFileError
from store import master_keys
from store.blind_index import BlindIndex
from store.field_encryption import MasterKeys
from store.heartbeat import CLOCK_LEEWAY
from web.auth import STAFF, Role
from web.rates import DEFAULT
from web.tokens import RULES

_CONTRACTS = Path(bus.__file__).resolve().parents[3] / "contracts"


class ServiceSettings(BaseSettings):
    """A service subclasses this with its own `env_prefix`; what is shared has one name for all of them."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    port: int = 8000
    host: str = "127.0.0.1"
    database: str = ""
    """The service's own database; by default its name."""
    prefetch: int = 128
    gather_for: float = Field(0.0, ge=0, le=2)
    """Seconds for which a message waits for others to be committed with it, in a service that only records."""

    authority: Path | None = Field(None, validation_alias="YIZHENG_CA")
    """File with the authority whose certificates of broker and store count; by default the system's."""
    plain_hosts: str = Field("", validation_alias="YIZHENG_PLAIN_HOSTS")
    """Hosts, with commas, with which broker, store and gateway may speak without TLS; this machine always may."""
    certificate: Path | None = Field(None, validation_alias="YIZHENG_CERTIFICATE")
    """File with the certificate, and its chain, by which the gateway knows this service."""
    certificate_key: Path | None = Field(None, validation_alias="YIZHENG_CERTIFICATE_KEY")
    amqp_url: str = Field("amqp://127.0.0.1:5672/", validation_alias="AMQP_URL")
    mongodb_url: str = Field("mongodb://127.0.0.1:27017/?replicaSet=rs0", validation_alias="MONGODB_URL")
    jwks: str = Field("", validation_alias="YIZHENG_JWKS")
    """File or https address of the issuer's public keys."""
    issuer: str = Field("https://issuer.yizheng.example", validation_alias="YIZHENG_ISSUER")
    audience: str = Field("yizheng", validation_alias="YIZHENG_AUDIENCE")
    tokens: Path = Field(RULES, validation_alias="YIZHENG_TOKENS")
    """File that says how long tokens may last, and whose are checked with the provider."""
    bound_roles: tuple[Role, ...] = Field(tuple(sorted(STAFF)), validation_alias="YIZHENG_BOUND_ROLES")
    """Roles, as a JSON list, whose tokens must be bound to a key (RFC 9449), beside terminals'; by default staff's."""
    introspection: str = Field("", validation_alias="YIZHENG_INTROSPECTION")
    """The provider's https address for asking whether a token still counts (RFC 7662); none: nobody is asked."""
    introspection_client: str = Field("yizheng-services", validation_alias="YIZHENG_INTROSPECTION_CLIENT")
    """As whom the services are registered there; the secret is in `introspection.key` of the keys' folder."""
    clock_leeway: float = Field(CLOCK_LEEWAY, ge=0, le=300, validation_alias="YIZHENG_CLOCK_LEEWAY")
    """Seconds by which the clocks of the issuer and of the store may differ from this machine's."""
    keys: Path = Field(Path("var/keys"), validation_alias="YIZHENG_KEYS")
    """Folder of the secret keys: `blind-index.key`, `store.key`, `credential.key`, `agreement.key`, `record.key`.

    And of `event-<service>.key`, which signs its events, `event-keys.json`, by which it knows those of others, and
    `event-secrets-<service>.json`, by which it reads what they say of people.
    """
    public_url: str = Field("https://yizheng.example", validation_alias="YIZHENG_PUBLIC_URL")
    """The gateway's address, as everybody knows it; what the services sign names it as its issuer."""
    kms: Path | None = Field(None, validation_alias="YIZHENG_KMS")
    """Data file of a key management service that keeps the store's master key; see store/master_keys.py."""
    topology: Path = Field(_CONTRACTS / "topology.toml", validation_alias="YIZHENG_TOPOLOGY")
    signed_since: date | None = Field(None, validation_alias="YIZHENG_SIGNED_SINCE")
    """The day since which what gives or takes a right counts only signed by the person; by default the topology's."""
    retention: Path = Field(_CONTRACTS / "retention.yaml", validation_alias="YIZHENG_RETENTION")
    """File that says how long each kind of data lives; see store/retention.py."""
    reviewers: Path = Field(_CONTRACTS / "reviewers.yaml", validation_alias="YIZHENG_REVIEWERS")
    """File that says whose decisions count; see web/reviewers.py."""
    rates: Path = Field(DEFAULT, validation_alias="YIZHENG_RATES")
    """File that says how often one subject may ask."""
    clean_without_sandbox: bool = Field(default=False, validation_alias="YIZHENG_CLEAN_WITHOUT_SANDBOX")
    """Whether scans are taken apart also where the kernel does not shut in the process that does it."""
    log_level: str = Field("info", validation_alias="YIZHENG_LOG_LEVEL")
    traces: Path | None = Field(None, validation_alias="YIZHENG_TRACES")
    """File to which spans are appended; see web/trace_export.py for sending them to a collector instead."""

    @field_validator("amqp_url", "mongodb_url")
    @classmethod
    def _is_safe(cls, url: str, info: ValidationInfo) -> str:
        """Refuse an address over which secrets would travel in clear. Raises DataFileError, which ends the start."""
        try:
            return safe(url, authority=info.data["authority"], plain_hosts=info.data["plain_hosts"].split(","))
        except UnsafeAddressError as error:
            raise DataFileError(str(error)) from error

    def tls(self) -> tuple[Path, Path] | None:
        """Return certificate and key of what is listened on, None where only this machine is spoken with.

        Raises DataFileError when they can't be used, or when others could listen to what is said without.
        """
        if self.certificate is not None and self.certificate_key is not None:
            for path in (self.certificate, self.certificate_key):
                if not path.is_file():
                    raise DataFileError(f"{path}: there is no such file; it is needed for TLS")
            return self.certificate, self.certificate_key
        if is_here(self.host) or self.host in self.plain_hosts.split(","):
            return None
        raise DataFileError(
            f"{self.host}: not without TLS. Name a certificate and its key in YIZHENG_CERTIFICATE and "
            "YIZHENG_CERTIFICATE_KEY, or the address in YIZHENG_PLAIN_HOSTS if nobody else can listen on the way there"
        )

    def master_keys(self) -> MasterKeys:
        """Read the keys that wrap the store's data keys. Raises DataFileError when they can't be used."""
        return master_keys.read(self.keys, self.kms)

    def event_cipher(self, service: str, topology: Topology) -> EventCipher:
        """Read the keys of all events that a service may read. Raises DataFileError when one is missing."""
        names = [name for name, readers in topology.audiences.items() if service in readers]
        try:
            return EventCipher.from_file(self.keys / secrets_file(service), names)
        except EventKeyError as error:
            raise DataFileError(str(error)) from error

    def event_signer(self, service: str, cipher: EventCipher) -> EventSigner:
        """Read the key that signs what a service publishes. Raises DataFileError when it can't be used."""
        try:
            return EventSigner.from_file(service, self.keys / key_file(service), cipher)
        except EventKeyError as error:
            raise DataFileError(str(error)) from error

    def event_keys(self, topology: Topology, cipher: EventCipher) -> EventKeys:
        """Read the public keys of all publishers. Raises DataFileError when they can't be used."""
        try:
            return EventKeys(topology, self.keys / KEYS_FILE, cipher)
        except EventKeyError as error:
            raise DataFileError(str(error)) from error

    def blind_index(self) -> BlindIndex:
        """Read the key by which records are joined. Raises DataFileError when it is missing or can't be used."""
        path = self.keys / "blind-index.key"
        try:
            return BlindIndex.from_file(path)
        except (OSError, ValueError) as error:
            raise DataFileError(f"{path}:1: the key of the blind index can't be used: {error}") from error
