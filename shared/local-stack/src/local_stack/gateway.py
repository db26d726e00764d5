"""The gateway: nginx with the configuration of `deploy/`, its state under `var/`, as root or as any user."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from functools import partial
from string import Template

from local_stack.certificates import HERE, authority_file, ensure_certificate, trust
from local_stack.deadlines import answers_http
from local_stack.failure import StackError
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, PROCESSES, Ports
from local_stack.processes import Program
from local_stack.services import prefix

FOLDER = "gateway"
CONFIGURATION = "nginx.conf"
NAME = "gateway"
_SERVER = re.compile(r"^( *server )\$\{(\w+)\}(.*)$", re.MULTILINE)


def program(layout: Layout, ports: Ports) -> Program:
    """Return the gateway's process. Raises StackError when nginx is not installed."""
    render(layout, ports)
    return Program(
        NAME,
        command(layout),
        {**os.environ, "PATH": search_path()},
        lambda: answers(layout, ports),
        (ports.gateway,),
    )


def command(layout: Layout) -> tuple[str, ...]:
    """Return the command line that runs nginx in the foreground. Raises StackError."""
    nginx = shutil.which("nginx", path=search_path())
    if nginx is None:
        raise StackError("nginx is not installed; install the package nginx")
    # Started by root, its workers would become a user who may not enter the folders of root.
    directives = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    return (nginx, "-p", str(layout.gateway), "-e", "stderr", "-c", CONFIGURATION, "-g", directives)


def render(layout: Layout, ports: Ports) -> None:
    """Write nginx's configuration for this run; nginx's own $variables stay as they are."""
    layout.gateway.mkdir(parents=True, exist_ok=True)
    shutil.copytree(layout.deploy / FOLDER, layout.gateway / FOLDER, dirs_exist_ok=True)
    filled_in, addresses = variables(layout, ports), servers(ports)
    for path in (layout.deploy / FOLDER).glob("*.template"):
        text = _SERVER.sub(partial(_a_line_each, addresses), path.read_text(encoding="utf-8"))
        rendered = Template(text).safe_substitute(filled_in)
        (layout.gateway / path.stem).write_text(rendered, encoding="utf-8")


def variables(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return what the templates leave open beside the services: where to listen, and as whom."""
    certificate = ensure_certificate(layout.keys, NAME)
    return {
        "GATEWAY_LISTEN": f"{HOST}:{ports.gateway}",
        "GATEWAY_NAMES": " ".join(HERE),
        "GATEWAY_CERTIFICATE": str(certificate.certificate),
        "GATEWAY_KEY": str(certificate.key),
        "SERVICES_SCHEME": "https" if ports.services_tls else "http",
        "SERVICES_AUTHORITY": str(certificate.authority),
        "PORTAL_FILES": str(layout.deploy.parent / "services" / "portal" / "src" / "portal" / "files"),
    }


def servers(ports: Ports) -> dict[str, list[str]]:
    """Return where the processes of each service are, under the name that the templates have for it."""
    return {prefix(name): [f"{HOST}:{port}" for port in ports.of(name)] for name in PROCESSES}


def _a_line_each(addresses: dict[str, list[str]], found: re.Match[str]) -> str:
    """Repeat the line of a server for every process of its service."""
    return "\n".join(f"{found[1]}{address}{found[3]}" for address in addresses[found[2]])


def trusted(layout: Layout) -> ssl.SSLContext:
    """Return what a client of this run's gateway needs; it trusts nobody else."""
    return trust(authority_file(layout.keys))


def answers(layout: Layout, ports: Ports) -> bool:
    return answers_http(ports.gateway, "/healthz", trusted(layout))


def check(layout: Layout) -> str:
    """Have nginx check the rendered configuration; return what it found wrong, empty when nothing."""
    done = subprocess.run([*command(layout), "-t"], check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def url(ports: Ports) -> str:
    """Return the gateway's address."""
    return ports.gateway_url
