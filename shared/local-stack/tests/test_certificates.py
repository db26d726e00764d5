from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from local_stack import certificates
from local_stack.certificates import HERE, LIFE, NEAR_THE_END, SETTING, Certificate, ensure_certificate, trust, vouching

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@contextmanager
def listening(certificate: Certificate) -> Iterator[int]:
    """A listener on the loopback address that shows a certificate to one caller and hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_greet, args=(server, context))
        answering.start()
        yield server.getsockname()[1]
        answering.join(10)


def _greet(server: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = server.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:  # the caller does not trust it
            return


def call(port: int, host: str, context: ssl.SSLContext) -> str | None:
    """Return the version of TLS that both sides agreed on."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.version()


@pytest.mark.parametrize("host", HERE)
def test_whoever_trusts_the_authority_trusts_the_listener(tmp_path: Path, host: str) -> None:
    certificate = ensure_certificate(tmp_path, "gateway")
    with listening(certificate) as port:
        assert call(port, host, trust(certificate.authority)) == "TLSv1.3"


def test_another_machines_authority_is_not_trusted(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path / "one", "gateway")
    stranger = ensure_certificate(tmp_path / "two", "gateway")
    with listening(certificate) as port, pytest.raises(ssl.SSLCertVerificationError):
        call(port, "localhost", trust(stranger.authority))


def test_a_certificate_is_for_its_own_hosts_only(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "store", ["store"])
    with listening(certificate) as port, pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        call(port, "127.0.0.1", trust(certificate.authority))


def test_the_authority_cannot_speak_for_the_world(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "stolen", ["bank.example"])
    with listening(certificate) as port, pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        call(port, "bank.example", trust(certificate.authority))


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "gateway")
    assert certificate.key.parent.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in certificate.key.parent.glob("[a-z]*")}
    assert modes == {"authority.key": 0o600, "authority.pem": 0o644, "gateway.key": 0o600, "gateway.pem": 0o644}


def test_a_certificate_stays_until_it_is_near_its_end(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, "gateway", now=NOW).certificate.read_bytes()
    end = x509.load_pem_x509_certificate(first).not_valid_after_utc
    assert end == NOW + LIFE
    before = ensure_certificate(tmp_path, "gateway", now=end - NEAR_THE_END - timedelta(days=1))
    assert before.certificate.read_bytes() == first
    after = ensure_certificate(tmp_path, "gateway", now=end - NEAR_THE_END + timedelta(days=1))
    assert after.certificate.read_bytes() != first


def test_an_authority_near_its_end_makes_way_for_another(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "gateway", now=NOW)
    old = certificate.authority.read_bytes()
    ensure_certificate(tmp_path, "gateway", now=NOW + timedelta(days=3640))
    assert certificate.authority.read_bytes() != old
    ensure_certificate(tmp_path, "gateway")
    with listening(ensure_certificate(tmp_path, "gateway")) as port:
        assert call(port, "localhost", trust(certificate.authority))


def test_an_authority_that_may_not_speak_for_a_new_host_makes_way_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(certificates, "CONTAINERS", {"gateway": ("gateway",)})
        old = ensure_certificate(tmp_path, "gateway").authority.read_bytes()
        assert ensure_certificate(tmp_path, "gateway").authority.read_bytes() == old
    assert ensure_certificate(tmp_path, "gateway").authority.read_bytes() != old


@pytest.mark.parametrize("damage", ["pem is missing", "pem is cut off", "key of another"])
def test_what_does_not_fit_together_is_made_again(tmp_path: Path, damage: str) -> None:
    certificate = ensure_certificate(tmp_path, "gateway")
    if damage == "pem is missing":
        certificate.certificate.unlink()
    elif damage == "pem is cut off":
        certificate.certificate.write_bytes(certificate.certificate.read_bytes()[:100])
    else:
        certificate.key.write_bytes(ensure_certificate(tmp_path, "broker").key.read_bytes())
    with listening(ensure_certificate(tmp_path, "gateway")) as port:
        assert call(port, "localhost", trust(certificate.authority))


def test_another_authority_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert vouching(tmp_path) is None
    own = ensure_certificate(tmp_path, "gateway").authority
    assert vouching(tmp_path) == own
    monkeypatch.setenv(SETTING, "/etc/ssl/theirs.pem")
    assert vouching(tmp_path) == Path("/etc/ssl/theirs.pem")


def test_other_hosts_need_another_certificate(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, "gateway").certificate.read_bytes()
    second = ensure_certificate(tmp_path, "gateway", ["gateway", *HERE]).certificate.read_bytes()
    assert first != second


def test_many_at_once_get_the_same_certificate(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as together:
        found = list(together.map(lambda _: _content(ensure_certificate(tmp_path, "gateway")), range(8)))
    assert len(set(found)) == 1


def _content(certificate: Certificate) -> tuple[bytes, bytes, bytes]:
    return certificate.certificate.read_bytes(), certificate.key.read_bytes(), certificate.authority.read_bytes()
