"""The addresses of broker and store: over a network only with TLS, and with a certificate that is checked.

Passwords and everything about people travel there. On one machine, between processes of one owner, TLS guards nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

_UNCHECKED = {"no_verify_ssl", "tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"}
"""Options of the two clients that take any certificate."""


class UnsafeAddressError(Exception):
    """An address over which secrets would travel in clear, or to whoever answers; the message says how to mend it."""


def safe(url: str, *, authority: Path | None = None, plain_hosts: Collection[str] = ()) -> str:
    """Return an address with the authority (a PEM file) whose certificates count, where AMQP or MongoDB has TLS.

    Without TLS it may lead to this machine, or to a host that is named in `plain_hosts`. Raises UnsafeAddressError; its
    message holds no password.
    """
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    unchecked = sorted(name for name, _ in options if name.lower() in _UNCHECKED)
    if unchecked:
        raise UnsafeAddressError(f"{parts.scheme}://…: {', '.join(unchecked)} would take any certificate; leave it out")
    if parts.scheme == "https":
        return url
    if parts.scheme.startswith("amqp"):
        each_of(url)
    if _has_tls(parts.scheme, dict(options)):
        option = "cafile" if parts.scheme == "amqps" else "tlsCAFile"
        named = {name.lower() for name, _ in options}
        if authority is not None and option.lower() not in named:
            options.append((option, str(authority)))
        return urlunsplit(parts._replace(path=parts.path or "/", query=urlencode(options, safe="/")))
    for host in _hosts(parts.netloc):
        if not is_here(host) and host not in plain_hosts:
            raise UnsafeAddressError(
                f"{parts.scheme}://{host}: not without TLS. Use amqps:// or tls=true with the authority in YIZHENG_CA, "
                "or name the host in YIZHENG_PLAIN_HOSTS if nobody else can listen on the way there"
            )
    return url


def each_of(url: str) -> list[str]:
    """Return an AMQP address with several hosts (amqps://a:b@one:5671,two/x) as one address for each.

    Raises UnsafeAddressError for a host or port that can't be one.
    """
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," in parts.path:
        hosts += parts.path  # several whole addresses
    return [
        urlunsplit(parts._replace(netloc=f"{login}{at}{_checked(host, parts.scheme)}")) for host in hosts.split(",")
    ]


def account_of(url: str) -> str:
    """Return the account with which an AMQP address signs in."""
    return unquote(urlsplit(each_of(url)[0]).username or "guest")


def _checked(place: str, scheme: str) -> str:
    try:
        host, _ = urlsplit(f"//{place}").hostname, urlsplit(f"//{place}").port
    except ValueError:
        host = None
    if not host or host != host.strip() or set(place) & set("/@"):
        raise UnsafeAddressError(
            f"{scheme}://… names something that is no host with a port. Several hosts of one broker stand in one "
            f"address, with commas: {scheme}://…@one:5671,two:5671/"
        )
    return place


def _has_tls(scheme: str, options: dict[str, str]) -> bool:
    said = {name.lower(): value.lower() for name, value in options.items()}
    asked = said.get("tls", said.get("ssl", ""))
    if scheme == "mongodb+srv":
        return asked != "false"
    return scheme == "amqps" or (scheme == "mongodb" and asked == "true")


def _hosts(netloc: str) -> list[str]:
    """Return the hosts of an address, of which MongoDB's may name several."""
    return [urlsplit(f"//{each}").hostname or "" for each in netloc.rpartition("@")[2].split(",")]


def is_here(host: str) -> bool:
    """Tell whether a host is this machine itself, seen from nowhere else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
