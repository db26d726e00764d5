from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from pydantic import BaseModel, ConfigDict

from local_stack import tokens
from local_stack.container_secrets import ensure_secrets
from local_stack.layout import ROOT
from local_stack.ports import PROCESSES, SERVICES
from local_stack.services import commands, prefix
from web.auth import Role
from web.config import ServiceSettings

DEPLOY = ROOT / "deploy"


class Container(BaseModel):
    """What the tests look at in a service of the compose file."""

    model_config = ConfigDict(extra="ignore")

    image: str
    build: Mapping[str, str] = {}
    working_dir: str = ""
    command: list[str] = []
    environment: Mapping[str, str] = {}
    secrets: list[str | dict[str, str]] = []
    volumes: list[str] = []
    configs: list[Mapping[str, str]] = []
    hostname: str = ""
    depends_on: Mapping[str, Mapping[str, str]] = {}
    healthcheck: Mapping[str, object] = {}
    networks: list[str] = []
    ports: list[str] = []
    profiles: list[str] = []
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []
    ulimits: Mapping[str, object] = {}
    pids_limit: int = 0
    mem_limit: str = ""
    user: str = ""
    tmpfs: list[str] = []
    privileged: bool = False
    cap_add: list[str] = []
    network_mode: str = ""
    pid: str = ""


class Compose(BaseModel):
    """What the tests look at in the compose file."""

    model_config = ConfigDict(extra="ignore")

    services: Mapping[str, Container]
    secrets: Mapping[str, Mapping[str, str]]
    configs: Mapping[str, Mapping[str, str]]
    volumes: Mapping[str, object]
    networks: Mapping[str, Mapping[str, object]]


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def template() -> Template:
    return Template("".join(path.read_text() for path in sorted((DEPLOY / "gateway").glob("*.template"))))


def test_containers_run_the_same_commands_as_the_procfile(compose: Compose) -> None:
    declared = commands(DEPLOY / "Procfile")
    assert {name: shlex.join(compose.services[name].command) for name in PROCESSES} == declared


def test_the_procfile_starts_a_package_of_the_workspace_each() -> None:
    for name, command in commands(DEPLOY / "Procfile").items():
        package = command.split()[-1]
        assert command == f"python -m {package}"
        assert (ROOT / "services" / name / "src" / package).is_dir()


def test_the_gateway_leads_to_where_each_container_listens(compose: Compose) -> None:
    gateway = compose.services["gateway"].environment
    for name in PROCESSES:
        own = compose.services[name].environment
        assert gateway[prefix(name)] == f"{name}:{own[f'{prefix(name)}_PORT']}"
        assert own[f"{prefix(name)}_HOST"] == "0.0.0.0"  # noqa: S104 - the network is the containers' own


def test_the_gateway_is_told_everything_that_its_template_asks(compose: Compose, template: Template) -> None:
    assert {*re.findall(r"\$\{([A-Z_]+)\}", template.template)} <= {*compose.services["gateway"].environment}


def test_the_gateway_listens_on_the_port_that_is_published(compose: Compose) -> None:
    gateway = compose.services["gateway"]
    (published,) = gateway.ports
    assert published.endswith(f":{gateway.environment['GATEWAY_LISTEN']}")


def test_every_service_is_reached_by_nouns_and_by_name(template: Template) -> None:
    text = template.template
    for name in SERVICES:
        assert re.search(rf'"~\^/v1/\S+" {name};', text)
        assert re.search(rf"upstream {name} {{\s+zone {name} \S+;\s+server \${{{prefix(name)}}} max_fails", text)
        assert text.count(f"server ${{{prefix(name)}}} max_fails=0 backup;") == 1
        assert re.search(rf"location ~ \^/services/\(\?<named>[^)]*\b{name}\b", text)


def test_only_the_gateway_can_be_reached_from_outside(compose: Compose) -> None:
    published = [name for name, container in compose.services.items() if container.ports and not container.profiles]
    assert published == ["gateway"]
    assert [name for name, container in compose.services.items() if "outside" in container.networks] == ["gateway"]
    assert compose.networks["inside"]["internal"] is True


def test_every_container_is_confined(compose: Compose) -> None:
    for name, container in compose.services.items():
        assert container.read_only, name
        assert container.cap_drop == ["ALL"], name
        assert container.security_opt == ["no-new-privileges:true"], name
        assert container.ulimits == {"core": 0, "nofile": {"soft": 64000, "hard": 64000}}, name
        assert container.pids_limit > 0, name
        assert container.mem_limit, name
        assert container.user.split(":")[0] not in {"", "0", "root"}, name
        assert not container.privileged, name
        assert not any((container.cap_add, container.network_mode, container.pid)), name


def test_what_is_written_is_in_memory_or_a_volume_and_can_not_be_run(compose: Compose) -> None:
    for name, container in compose.services.items():
        assert all({"noexec", "nosuid", "nodev"} <= set(re.split("[:,]", each)) for each in container.tmpfs), name
        assert all("size=" in each for each in container.tmpfs), name
        mounted = [volume.split(":") for volume in container.volumes]
        assert [volume for volume in mounted if volume[0].startswith(".") and volume[-1] != "ro"] == [], name
        assert container.working_dir == ("/tmp" if name.startswith("broker-") else "")  # noqa: S108 - in the container


def test_uploads_stay_in_memory(compose: Compose, template: Template) -> None:
    gateway = compose.services["gateway"]
    prefix_ = gateway.environment["NGINX_ENVSUBST_OUTPUT_DIR"]
    assert gateway.command[:5] == ["nginx", "-p", prefix_, "-c", "nginx.conf"]
    assert any(each.startswith(f"{prefix_}:") for each in gateway.tmpfs)
    assert "client_body_temp_path body_temp;" in template.template  # below the prefix
    assert all(any(each.startswith("/tmp:") for each in compose.services[name].tmpfs) for name in PROCESSES)  # noqa: S108 - in the container


def test_images_are_named_by_their_whole_version(compose: Compose) -> None:
    [base] = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    images = {container.image for container in compose.services.values()} - {"yizheng-service"}
    for image in (*images, base):
        assert re.search(r":v?\d+\.\d+\.\d+(-[a-z-]+)?(@sha256:[0-9a-f]{64})?$", image), image
    assert [name for name, container in compose.services.items() if container.build] == ["topology"]


def test_staff_have_tokens_that_are_bound(compose: Compose) -> None:
    for name in PROCESSES:
        assert "YIZHENG_BOUND_ROLES" not in compose.services[name].environment, name
    assert {*ServiceSettings().bound_roles} == {*Role} - {Role.RESIDENT, Role.TERMINAL, Role.DEPARTMENT} == tokens.STAFF


def test_gateway_and_services_speak_tls(compose: Compose) -> None:
    assert compose.services["gateway"].environment["SERVICES_SCHEME"] == "https"
    for name in PROCESSES:
        own = compose.services[name]
        assert own.environment["YIZHENG_CERTIFICATE"] == "/run/secrets/certificate.pem"
        assert re.search(r"GET /readyz .*localhost:8000 .* -verify_return_error", str(own.healthcheck["test"]))
        found = {each["target"]: each["source"] for each in own.secrets if isinstance(each, dict)}
        for kind in ("pem", "key"):
            assert compose.secrets[found[f"certificate.{kind}"]]["file"].endswith(f"/tls/{name}.{kind}")


def test_the_certificates_of_services_are_for_their_names_and_for_each_container(
    compose: Compose, tmp_path: Path
) -> None:
    ensure_secrets(tmp_path)
    watched = re.findall(r'"(yizheng-[a-z-]+-\d):8000"', (DEPLOY / "monitoring" / "prometheus.yml").read_text())
    assert watched
    for name in PROCESSES:
        certificate = x509.load_pem_x509_certificate((tmp_path / "tls" / f"{name}.pem").read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        answered = {str(each.value) for each in names}
        assert {name, "localhost", *(each for each in watched if each.startswith(f"yizheng-{name}-"))} <= answered


def test_monitoring_bridges_nothing(compose: Compose) -> None:
    """What can be seen from this machine reaches Prometheus, and neither services nor broker nor store."""
    outer = {name for name, network in compose.networks.items() if not network.get("internal")}
    for name, container in compose.services.items():
        if name != "gateway":
            assert not (outer & set(container.networks) and "inside" in container.networks), name
    assert [name for name, container in compose.services.items() if "watching" in container.networks] == ["grafana"]


def test_the_portal_is_not_limited_as_if_it_were_one_person(compose: Compose) -> None:
    found = compose.networks["inside"]["ipam"]
    assert isinstance(found, dict)
    [network] = found["config"]
    assert f"    {network['subnet']} 0;" in (DEPLOY / "gateway" / "networks.conf").read_text()


def test_monitoring_is_asked_for_and_seen_on_this_machine_only(compose: Compose) -> None:
    asked_for = {name: container for name, container in compose.services.items() if container.profiles}
    assert {name: container.profiles for name, container in asked_for.items()} == {
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }
    assert all(port.startswith("127.0.0.1:") for container in asked_for.values() for port in container.ports)


def test_what_stays_up_is_watched_at_little_cost_and_has_time_to_start(compose: Compose) -> None:
    watched = {name: container.healthcheck for name, container in compose.services.items() if container.healthcheck}
    assert {*compose.services} - {*watched} == (once := {"store-replica-set"})
    for name, check in watched.items():
        assert name == "topology" or not re.search("python|mongosh|rabbitmq", str(check["test"])), name
        assert int(str(check["start_period"]).removesuffix("s")) >= 60, name
    assert {each for container in compose.services.values() for each in container.depends_on} <= {*watched} | once


def test_every_secret_is_used_and_declared_as_a_file(compose: Compose) -> None:
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for container in compose.services.values()
        for secret in container.secrets
    }
    assert used == set(compose.secrets)
    assert all(set(secret) == {"file"} for secret in compose.secrets.values())


def test_every_service_has_the_master_key_of_the_store(compose: Compose) -> None:
    assert {name for name in SERVICES if "store.key" not in compose.services[name].secrets} == set()


def test_every_secret_is_made_and_can_be_read_by_a_container(compose: Compose, tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    for secret in compose.secrets.values():
        path = tmp_path / secret["file"].removeprefix("${YIZHENG_SECRETS:-./secrets}/")
        assert path.stat().st_mode & 0o444 == 0o444
        assert path.parent.stat().st_mode & 0o077 == 0


def test_the_gateways_certificate_is_for_the_names_that_it_answers_to(compose: Compose, tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    certificate = x509.load_pem_x509_certificate((tmp_path / "tls" / "gateway.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    answered = (
        compose.services["gateway"].environment["GATEWAY_NAMES"].replace("${YIZHENG_HOST:-localhost}", "localhost")
    )
    assert {str(name.value) for name in names} == set(answered.split())


def test_every_file_that_is_mounted_is_there(compose: Compose) -> None:
    for container in compose.services.values():
        for volume in container.volumes:
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in compose.volumes
    mounted = {each["source"] for container in compose.services.values() for each in container.configs}
    assert mounted == set(compose.configs)
    assert all((DEPLOY / each["file"]).exists() for each in compose.configs.values())


def test_the_addresses_name_every_node_and_every_member(compose: Compose, tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    nodes = hosts_of((tmp_path / "matcher" / "AMQP_URL").read_text())
    members = hosts_of((tmp_path / "matcher" / "MONGODB_URL").read_text())
    assert nodes == hosts_of((tmp_path / "administrator" / "YIZHENG_BROKER_MANAGEMENT").read_text())
    for kind, hosts in {"broker": nodes, "store": members}.items():
        assert hosts == {name for name in compose.services if re.fullmatch(rf"{kind}-\d", name)}
        assert len(hosts) == 3
        assert all(compose.services[host].hostname == host for host in hosts)
    assert set(re.findall(r"rabbit@(\S+)", (DEPLOY / "broker" / "cluster.conf").read_text())) == nodes
    assert set(re.findall(r'"(store-\d):', (DEPLOY / "replica-set.js").read_text())) == members


def hosts_of(address: str) -> set[str]:
    return {place.rpartition(":")[0] for place in urlsplit(address).netloc.rpartition("@")[2].split(",")}


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = re.findall(r"^!(\S+)", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for path in copied:
        assert (ROOT / path).exists()
        assert any(each.startswith(path) for each in sent)


def test_an_address_in_a_secret_becomes_a_variable_of_the_service() -> None:
    assert subprocess.call(["/bin/sh", "-n", str(DEPLOY / "entrypoint.sh")]) == 0
    assert "/run/secrets/[A-Z]*_URL" in (DEPLOY / "entrypoint.sh").read_text()


def test_docker_compose_accepts_the_file_where_it_is_installed() -> None:
    docker = shutil.which("docker")
    has_compose = docker is not None and subprocess.call([docker, "compose", "version"], stderr=subprocess.DEVNULL) == 0
    if docker and has_compose:
        command = [docker, "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--format", "json"]
        config = json.loads(subprocess.check_output(command))
        assert set(PROCESSES) < set(config["services"])


def test_make_alone_explains_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    targets = {name for name in named if not name.endswith("-setup")}
    page = subprocess.check_output([str(shutil.which("make")), "-s"], cwd=ROOT, text=True)
    explained = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", page, re.MULTILINE))
    assert set(explained) == targets
    assert targets >= {"demo", "test", "check", "run", "reset", "load", "token", "bench", "operations"}


def test_ci_runs_what_a_developer_runs() -> None:
    assert "make check" in (ROOT / ".ci" / "run").read_text()
