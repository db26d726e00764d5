"""The gateway: nginx with the configuration of `deploy/`, its state under `var/`, as root or as any user."""

from __future__ import annotations

import os
import shutil
import subprocess
from string import Template

from local_stack.failure import StackError
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, SERVICES, Ports
from local_stack.processes import Program
from local_stack.services import prefix
from local_stack.waiting import answers_http

TEMPLATE = "nginx.conf.template"
CONFIGURATION = "nginx.conf"
TEXTS = "gateway-texts.conf"


def program(layout: Layout, ports: Ports) -> Program:
    """Return the gateway's process. Raises StackError when nginx is not installed."""
    render(layout, ports)
    return Program(
        "gateway",
        command(layout),
        {**os.environ, "PATH": search_path()},
        lambda: answers_http(ports.gateway, "/healthz"),
        (ports.gateway,),
    )


def command(layout: Layout) -> tuple[str, ...]:
    """Return the command line that runs nginx in the foreground."""
    nginx = shutil.which("nginx", path=search_path())
    if nginx is None:
        raise StackError("nginx is not installed; install the package nginx")
    # Started by root, its workers would become a user who may not enter the folders of root.
    directives = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    return (nginx, "-p", str(layout.gateway), "-e", "stderr", "-c", CONFIGURATION, "-g", directives)


def render(layout: Layout, ports: Ports) -> None:
    """Write nginx's configuration for this run; nginx's own $variables stay as they are."""
    layout.gateway.mkdir(parents=True, exist_ok=True)
    template = Template((layout.deploy / TEMPLATE).read_text(encoding="utf-8"))
    rendered = template.safe_substitute(variables(ports))
    (layout.gateway / CONFIGURATION).write_text(rendered, encoding="utf-8")
    shutil.copyfile(layout.deploy / TEXTS, layout.gateway / TEXTS)


def variables(ports: Ports) -> dict[str, str]:
    """Return what the template leaves open: where to listen and where each service is."""
    services = {prefix(name): f"{HOST}:{ports.service(name)}" for name in SERVICES}
    return {"GATEWAY_LISTEN": f"{HOST}:{ports.gateway}", **services}


def check(layout: Layout) -> str:
    """Have nginx check the rendered configuration; return what it found wrong, empty when nothing."""
    done = subprocess.run([*command(layout), "-t"], check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def url(ports: Ports) -> str:
    """Return the gateway's address."""
    return f"http://{HOST}:{ports.gateway}"
