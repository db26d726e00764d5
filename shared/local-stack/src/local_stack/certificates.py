"""Development certificates, under `var/keys/tls`: an authority of this machine's own and the listeners that it signed.

Whoever trusts the authority trusts it for this machine and the containers only: its certificate says so (name
constraints, RFC 5280 4.2.1.10), whatever becomes of its key.
"""

from __future__ import annotations

import fcntl
import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_stack.ports import MACHINES, MOST_REPLICAS, PROCESSES, numbered

FOLDER = "tls"
AUTHORITY = "authority"
SETTING = "YIZHENG_CA"
HERE = ("127.0.0.1", "localhost")
BROKERS, STORES = numbered("broker", MACHINES[-1]), numbered("store", MACHINES[-1])
_PROCESSES = {name: (name, *(f"yizheng-{each}" for each in numbered(name, MOST_REPLICAS))) for name in PROCESSES}
CONTAINERS = {"gateway": ("gateway",), "broker": BROKERS, "store": STORES, **_PROCESSES}
"""The certificates of the containers' listeners, and the hosts that each is for."""

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
NEAR_THE_END = timedelta(days=60)
CLOCK_SKEW = timedelta(hours=1)

PRIVATE = 0o600
PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class Certificate:
    """Three PEM files: a listener's certificate, its key (for its owner only), and whom its clients must trust."""

    certificate: Path
    key: Path
    authority: Path


def ensure_certificate(
    keys: Path, name: str, hosts: Sequence[str] = HERE, *, now: datetime | None = None
) -> Certificate:
    """Return the certificate called `name` for these hosts; it is made when it is missing, wrong or near its end.

    Safe beside others that do the same; what is made half is made again. A new authority makes all of them anew.
    """
    folder = keys / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    today = now or datetime.now(UTC)
    with _alone(folder):
        signer = _authority(folder, today)
        if not _holds(_read(folder, name), signer.certificate, hosts, today):
            _write(folder, name, _signed(signer, name, hosts, today))
    return Certificate(folder / f"{name}.pem", folder / f"{name}.key", authority_file(keys))


def authority_file(keys: Path) -> Path:
    """Return where the authority's certificate is, for `--cacert` and SSL_CERT_FILE."""
    return keys / FOLDER / f"{AUTHORITY}.pem"


def vouching(keys: Path) -> Path | None:
    """Return whose word counts for a gateway: what YIZHENG_CA names, else our own authority.

    None, when there is neither: then only those that the system knows.
    """
    named = os.environ.get(SETTING, "")
    own = authority_file(keys)
    return Path(named) if named else own if own.exists() else None


def trust(authority: Path) -> ssl.SSLContext:
    """Return what a client needs that trusts this authority and nobody else."""
    return ssl.create_default_context(cafile=str(authority))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A certificate with the key that it speaks of."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _authority(folder: Path, now: datetime) -> _Pair:
    found = _read(folder, AUTHORITY)
    if found and _holds(found, found.certificate, (), now) and _constraints_of(found.certificate) == _constraints():
        return found
    made = _self_signed(now)
    _write(folder, AUTHORITY, made)
    return made


def _read(folder: Path, name: str) -> _Pair | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        key = load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    return _Pair(certificate, key) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _holds(pair: _Pair | None, signer: x509.Certificate, hosts: Sequence[str], now: datetime) -> bool:
    if pair is None or pair.key.public_key() != pair.certificate.public_key():
        return False
    try:
        pair.certificate.verify_directly_issued_by(signer)
    except (InvalidSignature, ValueError):
        return False
    begin, end = pair.certificate.not_valid_before_utc, pair.certificate.not_valid_after_utc
    return _hosts_of(pair.certificate) == set(hosts) and begin <= now < end - NEAR_THE_END


def _hosts_of(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}


def _constraints() -> x509.NameConstraints:
    names = [name for hosts in CONTAINERS.values() for name in hosts]
    allowed = [*map(x509.DNSName, ("localhost", *names)), x509.IPAddress(ip_network("127.0.0.0/8"))]
    return x509.NameConstraints(allowed, excluded_subtrees=None)


def _constraints_of(authority: x509.Certificate) -> x509.NameConstraints:
    return authority.extensions.get_extension_for_class(x509.NameConstraints).value


def _self_signed(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named("Yizheng development authority")
    building = (
        _begun(subject, subject, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_constraints(), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _Pair(building.sign(key, hashes.SHA256()), key)


def _signed(signer: _Pair, name: str, hosts: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    building = (
        _begun(_named(name), signer.certificate.subject, key, now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _Pair(building.sign(signer.key, hashes.SHA256()), key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, name: str, pair: _Pair) -> None:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _replace(folder / f"{name}.key", key, PRIVATE)
    _replace(folder / f"{name}.pem", pair.certificate.public_bytes(Encoding.PEM), PUBLIC)


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    fresh.replace(path)
