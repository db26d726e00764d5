"""A private RabbitMQ node: own ports, data, cookie and port mapper, never the machine's own broker.

YIZHENG_BROKER_ROOT names the root of another Debian system whose RabbitMQ is run instead (`make test-brokers`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local_stack.accounts import definitions
from local_stack.accounts.passwords import ADMINISTRATOR, address, administrator_url, folder_of, password_of
from local_stack.certificates import ensure_certificate
from local_stack.claim import MARK
from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout, search_path
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts, answers_amqp
from messaging.declare import MANAGEMENT

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
# Schedulers that spin while idle would take the cores from the services; the node is for this machine only.
ERLANG_FLAGS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


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


def programs(layout: Layout, ports: Ports) -> tuple[Program, Program]:
    """Return the port mapper and the node, to be started in this order. Raises StackError."""
    root = Path(os.environ.get("YIZHENG_BROKER_ROOT", "") or HERE)
    script, epmd = server_script(root), port_mapper(root)
    if script is None or epmd is None:
        raise StackError(f"RabbitMQ is not installed in {root}; install the package rabbitmq-server, or set AMQP_URL")
    inside = within(root, layout)
    prepare(layout, ports)
    environment = node_environment(layout, ports)
    mapper = Program(
        "epmd",
        (*inside, str(epmd), "-address", HOST, "-port", str(ports.epmd)),
        environment,
        lambda: accepts(ports.epmd),
        (ports.epmd,),
    )
    # Without ALLOW_INPUT the script stays in front of the node as a shell, and signals reach the shell only.
    node = Program(
        "broker",
        (*inside, str(script), "-noinput"),
        {**environment, "RABBITMQ_ALLOW_INPUT": "true"},
        lambda: answers_amqp(ports.broker),
        (ports.broker, ports.broker_distribution, ports.broker_tls, ports.broker_management),
    )
    return mapper, node


def prepare(layout: Layout, ports: Ports) -> None:
    """Make the node's folders, its list of plugins, its listener with TLS, and the accounts.

    It reads the accounts before it lets anybody in. All listeners are on this machine's own address.
    """
    layout.broker.mkdir(parents=True, exist_ok=True)
    (layout.broker / "enabled_plugins").write_text("[rabbitmq_management].\n")
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
]}},
{{rabbitmq_management_agent, [{{disable_metrics_collector, true}}]}},
{{rabbitmq_management, [
  {{disable_management_stats, true}},
  {{tcp_config, [{{ip, "{HOST}"}}, {{port, {ports.broker_management}}}]}}
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


def management_url(layout: Layout, ports: Ports) -> str:
    """Return the management interface of the broker: what YIZHENG_BROKER_MANAGEMENT gives, else the private node's.

    Empty for a broker that AMQP_URL names without it.
    """
    if os.environ.get("AMQP_URL", ""):
        return os.environ.get(MANAGEMENT, "")
    return address(
        f"http://{HOST}:{ports.broker_management}", ADMINISTRATOR, password_of(folder_of(layout), ADMINISTRATOR)
    )


def _first(name: str, folders: tuple[str, ...], root: Path) -> Path | None:
    """Return where a program is within a root, as it is called there."""
    candidates = (path for folder in folders for path in sorted(root.glob(f"{folder[1:]}/{name}")))
    found = next((path for path in candidates if os.access(path, os.X_OK) or path.is_symlink()), None)
    return Path("/") / found.relative_to(root) if found else None
