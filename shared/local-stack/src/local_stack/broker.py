"""A private RabbitMQ node: own ports, data, cookie and port mapper, never the machine's own broker."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local_stack.accounts import definitions
from local_stack.accounts.passwords import administrator_url, folder_of
from local_stack.certificates import ensure_certificate
from local_stack.claim import MARK
from local_stack.failure import StackError
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts, answers_amqp

# The scripts themselves: what stands in /usr/sbin changes to the system's own user and data first.
SCRIPT_FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
)
EPMD_FOLDERS = ("/usr/lib/erlang/erts-*/bin", "/usr/lib/erlang/bin", "/opt/homebrew/opt/erlang/lib/erlang/erts-*/bin")
# Schedulers that spin while idle would take the cores from the services; the node is for this machine only.
ERLANG_FLAGS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


def server_script() -> Path | None:
    """Return RabbitMQ's own start script, or None when it is not installed."""
    return _first("rabbitmq-server", SCRIPT_FOLDERS)


def port_mapper() -> Path | None:
    """Return Erlang's port mapper, or None when it is not installed."""
    found = shutil.which("epmd", path=search_path())
    return Path(found) if found else _first("epmd", EPMD_FOLDERS)


def programs(layout: Layout, ports: Ports) -> tuple[Program, Program]:
    """Return the port mapper and the node, to be started in this order. Raises StackError."""
    script, epmd = server_script(), port_mapper()
    if script is None or epmd is None:
        raise StackError("RabbitMQ is not installed; install the package rabbitmq-server, or set AMQP_URL")
    prepare(layout, ports)
    environment = node_environment(layout, ports)
    mapper = Program(
        "epmd",
        (str(epmd), "-address", HOST, "-port", str(ports.epmd)),
        environment,
        lambda: accepts(ports.epmd),
        (ports.epmd,),
    )
    # Without ALLOW_INPUT the script stays in front of the node as a shell, and signals reach the shell only.
    node = Program(
        "broker",
        (str(script), "-noinput"),
        {**environment, "RABBITMQ_ALLOW_INPUT": "true"},
        lambda: answers_amqp(ports.broker),
        (ports.broker, ports.broker_distribution, ports.broker_tls),
    )
    return mapper, node


def prepare(layout: Layout, ports: Ports) -> None:
    """Make the node's folders, its list of plugins (none), its listener with TLS, and the accounts.

    It reads the accounts before it lets anybody in. Both listeners are on this machine's own address.
    """
    layout.broker.mkdir(parents=True, exist_ok=True)
    (layout.broker / "enabled_plugins").write_text("[].\n")
    accounts = layout.broker / "definitions.json"
    definitions.write(accounts, definitions.definitions(folder_of(layout), own_node=True))
    certificate = ensure_certificate(layout.keys, "broker")
    (layout.broker / "advanced.config").write_text(
        f"""[{{rabbit, [
  {{load_definitions, {_quoted(accounts)}}},
  {{ssl_listeners, [{{"{HOST}", {ports.broker_tls}}}]}},
  {{ssl_options, [
    {{cacertfile, {_quoted(certificate.authority)}}},
    {{certfile, {_quoted(certificate.certificate)}}},
    {{keyfile, {_quoted(certificate.key)}}},
    {{versions, ['tlsv1.3', 'tlsv1.2']}}
  ]}}
]}}].
""",
        encoding="utf-8",
    )


def _quoted(path: Path) -> str:
    """Write a path as Erlang does."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def node_environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return the node's whole environment; what the user has set for another broker must not leak into it."""
    home = layout.broker
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        MARK: str(layout.var),
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(ports.epmd),
        "RABBITMQ_NODENAME": "yizheng@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": str(ports.broker),
        "RABBITMQ_DIST_PORT": str(ports.broker_distribution),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "config"),
        "RABBITMQ_CONFIG_FILE": str(layout.deploy / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
    }


def url(ports: Ports) -> str:
    """Return the AMQP address of the private node, with no account."""
    return f"amqp://{HOST}:{ports.broker}/"


def administrators_url(layout: Layout, ports: Ports) -> str:
    """Return the AMQP address that AMQP_URL gives, else that of the private node with the administrator's account."""
    return os.environ.get("AMQP_URL", "") or administrator_url(url(ports), folder_of(layout))


def _first(name: str, folders: tuple[str, ...]) -> Path | None:
    candidates = (path for folder in folders for path in sorted(Path("/").glob(f"{folder[1:]}/{name}")))
    return next((path for path in candidates if os.access(path, os.X_OK)), None)
