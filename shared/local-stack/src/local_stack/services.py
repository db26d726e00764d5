"""The services as `deploy/Procfile` declares them, each with its port and the addresses that it needs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from honcho.environ import parse_procfile

from bus.declare import MANAGEMENT
from local_stack import broker
from local_stack.accounts import databases
from local_stack.accounts.passwords import account_url, folder_of
from local_stack.certificates import CONTAINERS, HERE, SETTING, authority_file, ensure_certificate, trust
from local_stack.claim import MARK
from local_stack.deadlines import answers_http
from local_stack.failure import StackError
from local_stack.keys import PUBLIC_KEYS
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, PORTAL, PROCESSES, Ports, numbered
from local_stack.processes import Program
from local_stack.tokens import AUDIENCE, ISSUER


@dataclass(frozen=True)
class ServiceAddresses:
    """Where broker and store are, with the administrator's account."""

    amqp_url: str
    mongodb_url: str


def commands(procfile: Path) -> dict[str, str]:
    """Return the command of each service. Raises StackError when a service has none, or there is a stranger."""
    found = dict(parse_procfile(procfile.read_text(encoding="utf-8")).processes)
    if set(found) != set(PROCESSES):
        raise StackError(f"{procfile} must start exactly {', '.join(PROCESSES)}; it has {', '.join(found)}")
    return found


def program(
    name: str, command: str, layout: Layout, ports: Ports, addresses: ServiceAddresses, *, replica: int = 1
) -> Program:
    """Return one service as a process, or another process of it; it is ready when its own /startupz says so."""
    port = ports.service(name, replica)
    return Program(
        numbered(name, ports.replicas)[replica - 1],
        tuple(shlex.split(command)),
        {**environment(name, layout, ports, addresses), f"{prefix(name)}_PORT": str(port)},
        lambda: answers_http(port, "/startupz", trust(authority_file(layout.keys)) if ports.services_tls else None),
        (port,),
    )


def programs(
    layout: Layout, ports: Ports, addresses: ServiceAddresses, names: Collection[str] = PROCESSES
) -> tuple[Program, ...]:
    """Return services, by default all, with all processes of each. Raises StackError for one that does not exist."""
    unknown = set(names) - set(PROCESSES)
    if unknown:
        raise StackError(f"there is no service {', '.join(sorted(unknown))}; there are {', '.join(PROCESSES)}")
    declared = commands(layout.deploy / "Procfile")
    asked = {"YIZHENG_INTROSPECTION": f"{ports.provider_url}/introspect"} if PORTAL in names else {}
    return tuple(
        _with(program(name, declared[name], layout, ports, addresses, replica=replica), asked)
        for replica in range(1, ports.replicas + 1)
        for name in names
    )


def _with(program: Program, more: Mapping[str, str]) -> Program:
    return replace(program, environment={**program.environment, **more})


def targets(ports: Ports) -> str:
    """Return where the metrics of every process are, as Prometheus reads it from a file (`prometheus.local.yml`)."""
    places = {name: [f"{HOST}:{port}" for port in ports.of(name)] for name in PROCESSES}
    scheme = {"__scheme__": "https" if ports.services_tls else "http"}
    labels = {name: {"service": name, **scheme} for name in PROCESSES}
    return json.dumps([{"targets": each, "labels": labels[name]} for name, each in places.items()], indent=2)


def topology_program(layout: Layout, ports: Ports, addresses: ServiceAddresses) -> Program:
    """Return what declares the topology and keeps it declared; the services wait for it by themselves."""
    environment = {
        **os.environ,
        MARK: str(layout.var),
        "AMQP_URL": addresses.amqp_url,
        MANAGEMENT: broker.management_url(layout, ports),
        "PYTHONUNBUFFERED": "1",
    }
    return Program("topology", (sys.executable, "-m", "bus.declare"), environment, lambda: True, ())


def provider_program(layout: Layout, ports: Ports) -> Program:
    """Return the development identity provider, which the portal signs people in with."""
    return Program(
        "provider",
        (sys.executable, "-m", "local_stack.provider"),
        {**os.environ, **_where(layout, ports), MARK: str(layout.var), "PYTHONUNBUFFERED": "1"},
        lambda: answers_http(ports.provider, "/healthz", trust(authority_file(layout.keys))),
        (ports.provider,),
    )


def environment(name: str, layout: Layout, ports: Ports, addresses: ServiceAddresses) -> dict[str, str]:
    """Return what a service finds in its environment: addresses with its own account, nobody else's."""
    shared = {**os.environ, **shared_environment(layout, ports, addresses)}
    if name == PORTAL:
        del shared["AMQP_URL"]
        shared.setdefault("PORTAL_READER", f"http://{HOST}:{ports.reader}")
        shared.setdefault("PORTAL_PROVIDER", f"{ports.provider_url}/.well-known/openid-configuration")
    else:
        shared["AMQP_URL"] = account_url(addresses.amqp_url, folder_of(layout), name)
    if ports.services_tls:
        own = ensure_certificate(layout.keys, name, (*CONTAINERS[name], *HERE))
        shared |= {"YIZHENG_CERTIFICATE": str(own.certificate), "YIZHENG_CERTIFICATE_KEY": str(own.key)}
    return {
        **shared,
        "MONGODB_URL": databases.url_of(addresses.mongodb_url, databases.folder_of(layout), name),
        MARK: str(layout.var),
        "PATH": search_path(),
        "PYTHONUNBUFFERED": "1",
    }


def shared_environment(layout: Layout, ports: Ports, addresses: ServiceAddresses) -> dict[str, str]:
    """Return what every part of a run needs to find the others."""
    return {
        "AMQP_URL": addresses.amqp_url,
        "MONGODB_URL": addresses.mongodb_url,
        **_where(layout, ports),
        "YIZHENG_JWKS": str(layout.keys / PUBLIC_KEYS),
        "YIZHENG_KEYS": str(layout.keys),
        SETTING: str(authority_file(layout.keys)),
        "YIZHENG_RECORD_HEADS": str(layout.var / "record-heads.jsonl"),
        "YIZHENG_ISSUER": ISSUER,
        "YIZHENG_AUDIENCE": AUDIENCE,
        "YIZHENG_PUBLIC_URL": os.environ.get("YIZHENG_PUBLIC_URL", "") or ports.gateway_url,
    }


def _where(layout: Layout, ports: Ports) -> dict[str, str]:
    return {
        "YIZHENG_PORT_BASE": str(ports.base),
        "REPLICAS": str(ports.replicas),
        "MACHINES": str(ports.machines),
        "SERVICES_TLS": str(int(ports.services_tls)),
        "YIZHENG_VAR": str(layout.var),
    }


def prefix(name: str) -> str:
    """Return the prefix of a service's own settings: REVIEW_DISPATCH for review-dispatch."""
    return name.replace("-", "_").upper()
