"""A private RabbitMQ of one node or three: own ports, data, cookie and port mapper, never the machine's own broker.

YIZHENG_BROKER_ROOT names the root of another Debian system whose RabbitMQ is run instead (`make test-brokers`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bus.declare import MANAGEMENT
from local_stack.accounts import definitions
from local_stack.accounts.passwords import (
    ADMINISTRATOR,
    SECRET_BYTES,
    address,
    administrator_url,
    folder_of,
    password_of,
)
from local_stack.certificates import ensure_certificate
from local_stack.claim import MARK
from local_stack.deadlines import accepts, answers_amqp
from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout, search_path
from local_stack.ports import HOST, BrokerPorts, Ports, numbered
from local_stack.processes import Program
from local_stack.secret_files import once

HERE = Path("/")
# The scripts themselves: what stands in /usr/sbin changes to the system's own user and data first.
SCRIPT_FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
)
EPMD_FOLDERS = ("/usr/lib/erlang/erts-*/bin", "/usr/lib/erlang/bin", "/opt/homebrew/opt/erlang/lib/erlang/erts-*/bin")
# Schedulers that spin while idle would take the cores from the services; the node is for this machine only, and so is
# the port that a stream opens for its replica.
ERLANG_FLAGS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
CONTROL_WITHIN = 180.0
"""Seconds for the tool, which takes five to start where there is nothing else to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the broker: the name of its process, and its ports."""

    name: str
    ports: BrokerPorts

    @property
    def known_as(self) -> str:
        """Its name for the other nodes and the tools."""
        return f"{self.name.replace('broker', 'yizheng')}@localhost"


def nodes(ports: Ports) -> tuple[Node, ...]:
    """Return the nodes: `broker`, or `broker-1` to `broker-3`."""
    return tuple(map(Node, numbered("broker", ports.machines), ports.brokers))


def server_script(root: Path = HERE) -> Path | None:
    """Return RabbitMQ's own start script, or None when it is not installed."""
    return _first("rabbitmq-server", SCRIPT_FOLDERS, root)


def port_mapper(root: Path = HERE) -> Path | None:
    """Return Erlang's port mapper, or None when it is not installed."""
    found = shutil.which("epmd", path=search_path()) if root == HERE else None
    return Path(found) if found else _first("epmd", EPMD_FOLDERS, root)


def within(root: Path, layout: Layout) -> tuple[str, ...]:
    """Return what runs a command in another system's root, which sees the workspace and the run's folder as well."""
    if root == HERE:
        return ()
    seen = sorted({"/dev", "/proc", "/sys", str(ROOT), str(layout.var)})
    mounts = " && ".join(f'mkdir -p "$0{path}" && mount --rbind "{path}" "$0{path}"' for path in seen)
    return "unshare", "--mount", "sh", "-c", f'{mounts} && exec chroot "$0" "$@"', str(root)


def programs(layout: Layout, ports: Ports) -> tuple[Program, ...]:
    """Return the port mapper and the nodes, to be started in this order. Raises StackError."""
    root = root_of_broker()
    script, epmd = server_script(root), port_mapper(root)
    if script is None or epmd is None:
        raise StackError(f"RabbitMQ is not installed in {root}; install the package rabbitmq-server, or set AMQP_URL")
    inside = within(root, layout)
    prepare(layout, ports)
    mapper = Program(
        "epmd",
        (*inside, str(epmd), "-address", HOST, "-port", str(ports.epmd)),
        node_environment(layout, ports, nodes(ports)[0]),
        lambda: accepts(ports.epmd),
        (ports.epmd,),
    )
    return (mapper, *(_program(each, (*inside, str(script)), layout, ports) for each in nodes(ports)))


def _program(node: Node, command: Sequence[str], layout: Layout, ports: Ports) -> Program:
    # Without ALLOW_INPUT the script stays in front of the node as a shell, and signals reach the shell only.
    environment = {**node_environment(layout, ports, node), "RABBITMQ_ALLOW_INPUT": "true"}
    return Program(
        node.name, (*command, "-noinput"), environment, lambda: answers_amqp(node.ports.amqp), node.ports.all()
    )


def root_of_broker() -> Path:
    """Return the root of the system whose RabbitMQ is run."""
    return Path(os.environ.get("YIZHENG_BROKER_ROOT", "") or HERE)


def control(layout: Layout, ports: Ports, name: str, *command: str) -> str:
    """Run `rabbitmqctl` against one node, by the name of its process; return what it says. Raises StackError."""
    root, node = root_of_broker(), next(each for each in nodes(ports) if each.name == name)
    tool = _first("rabbitmqctl", SCRIPT_FOLDERS, root)
    environment = node_environment(layout, ports, node)
    try:
        said = subprocess.run(
            [*within(root, layout), str(tool), *command],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
            timeout=CONTROL_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise StackError(f"rabbitmqctl {' '.join(command)}: no answer within {CONTROL_WITHIN:g} s") from None
    if said.returncode:
        raise StackError(f"rabbitmqctl {' '.join(command)}: {said.stderr or said.stdout}")
    return said.stdout


def prepare(layout: Layout, ports: Ports) -> None:
    """Make the nodes' folders, their list of plugins, their settings, the secret that they share, and the accounts.

    They read the accounts before they let anybody in. All listeners are on this machine's own address.
    """
    layout.broker.mkdir(parents=True, exist_ok=True)
    once(layout.broker / ".erlang.cookie", lambda: secrets.token_hex(SECRET_BYTES).encode())
    (layout.broker / "enabled_plugins").write_text("[rabbitmq_management].\n")
    definitions.write(_accounts(layout), definitions.definitions(folder_of(layout), own_node=True))
    for node in nodes(ports):
        _settings(layout, node).write_text(_advanced(layout, ports, node), encoding="utf-8")


def _accounts(layout: Layout) -> Path:
    return layout.broker / "definitions.json"


def _settings(layout: Layout, node: Node) -> Path:
    return layout.broker / f"{node.name}.config"


def _advanced(layout: Layout, ports: Ports, node: Node) -> str:
    """Return the settings that differ from run to run, and those of `deploy/broker/advanced.config`.

    All others are in `deploy/rabbitmq.conf`.
    """
    always = (layout.deploy / "broker" / "advanced.config").read_text("utf-8").strip()
    certificate = ensure_certificate(layout.keys, "broker")
    known = [f"'{each.known_as}'" for each in nodes(ports)]
    cluster = f"{{cluster_nodes, {{[{', '.join(known)}], disc}}}}," if len(known) > 1 else ""
    return f"""{always.removesuffix("].")},
{{rabbit, [
  {cluster}
  {{load_definitions, {_quoted(_accounts(layout))}}},
  {{ssl_listeners, [{{"{HOST}", {node.ports.tls}}}]}},
  {{ssl_options, [
    {{cacertfile, {_quoted(certificate.authority)}}},
    {{certfile, {_quoted(certificate.certificate)}}},
    {{keyfile, {_quoted(certificate.key)}}},
    {{versions, ['tlsv1.3', 'tlsv1.2']}}
  ]}}
]}},
{{rabbitmq_management_agent, [{{disable_metrics_collector, true}}]}},
{{rabbitmq_management, [
  {{disable_management_stats, true}},
  {{tcp_config, [{{ip, "{HOST}"}}, {{port, {node.ports.management}}}]}}
]}}].
"""


def _quoted(path: Path) -> str:
    """Write a path as Erlang does."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def node_environment(layout: Layout, ports: Ports, node: Node) -> dict[str, str]:
    """Return a node's whole environment; what the user has set for another broker must not leak into it."""
    home = layout.broker
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        MARK: str(layout.var),
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(ports.epmd),
        "RABBITMQ_NODENAME": node.known_as,
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": str(node.ports.amqp),
        "RABBITMQ_DIST_PORT": str(node.ports.distribution),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / f"{node.name}-config"),
        "RABBITMQ_CONFIG_FILE": str(layout.deploy / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(_settings(layout, node)),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
    }


def url(ports: Ports) -> str:
    """Return the AMQP address of the private nodes, with no account."""
    return f"amqp://{_hosts([each.amqp for each in ports.brokers])}/"


def administrators_url(layout: Layout, ports: Ports) -> str:
    """Return the AMQP address that AMQP_URL gives, else that of the private nodes with the administrator's account."""
    return os.environ.get("AMQP_URL", "") or administrator_url(url(ports), folder_of(layout))


def management_url(layout: Layout, ports: Ports) -> str:
    """Return the management interface of the broker: what YIZHENG_BROKER_MANAGEMENT gives, else the private nodes'.

    Empty for a broker that AMQP_URL names without it.
    """
    if os.environ.get("AMQP_URL", ""):
        return os.environ.get(MANAGEMENT, "")
    hosts = _hosts([each.management for each in ports.brokers])
    return address(f"http://{hosts}", ADMINISTRATOR, password_of(folder_of(layout), ADMINISTRATOR))


def _hosts(ports: Sequence[int]) -> str:
    return ",".join(f"{HOST}:{port}" for port in ports)


def _first(name: str, folders: tuple[str, ...], root: Path) -> Path | None:
    """Return where a program is within a root, as it is called there."""
    candidates = (path for folder in folders for path in sorted(root.glob(f"{folder[1:]}/{name}")))
    found = next((path for path in candidates if os.access(path, os.X_OK) or path.is_symlink()), None)
    return Path("/") / found.relative_to(root) if found else None
