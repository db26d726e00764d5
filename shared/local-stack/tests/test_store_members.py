"""The members of the containers' store, with the options that `deploy/compose.yaml` gives them, take each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml
from pymongo import MongoClient

from local_stack.certificates import ensure_certificate
from local_stack.deadlines import accepts
from local_stack.layout import ROOT
from local_stack.ports import HOST
from local_stack.processes import Program, Running, stop_all, wait_ready
from local_stack.store import REPLICA_SET, mongod
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE

PORTS = replace(free_ports(29500), machines=3).stores


def options(folder: Path) -> list[str]:
    """Return the options of a member in its container, with the files that it finds there."""
    certificate = ensure_certificate(folder, "store")
    files = {
        "/tmp/store.pem": certificate.certificate.read_bytes() + certificate.key.read_bytes(),  # noqa: S108 - there
        "/tmp/members.key": b"k" * 96,  # noqa: S108 - there
        "/run/secrets/authority.pem": certificate.authority.read_bytes(),
    }
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    said = compose["services"]["store-1"]["entrypoint"][-1].partition(" mongod ")[2]
    for path, content in files.items():
        own = folder / Path(path).name
        own.write_bytes(content)
        own.chmod(0o400)
        said = said.replace(path, str(own))
    return [each for each in said.split() if each != "--bind_ip_all"]


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Path]:
    """Three members that are no replica set yet, and the authority that vouches for them."""
    said = options(tmp_path)
    with ExitStack() as undo:
        started = []
        for port in PORTS:
            data = tmp_path / str(port)
            data.mkdir()
            place = ("--bind_ip", HOST, "--port", str(port), "--dbpath", str(data), "--nounixsocket")
            command = (str(mongod().path), *said, *place, "--wiredTigerCacheSizeGB", "0.25")
            program = Program(f"store-{port}", command, os.environ, partial(accepts, port), (port,))
            started.append(Running(program, tmp_path / f"{port}.log"))
            undo.callback(stop_all, started[-1:], seconds=0)
        wait_ready(started, seconds=PATIENCE)
        yield tmp_path / "authority.pem"


def test_they_become_a_replica_set_over_tls(authority: Path) -> None:
    """Their certificate is a listener's only: a member that showed it to another one would be refused."""
    members = [{"_id": number, "host": f"localhost:{port}"} for number, port in enumerate(PORTS)]
    with MongoClient[dict[str, object]](
        "localhost", PORTS[0], directConnection=True, tls=True, tlsCAFile=str(authority)
    ) as client:
        said = client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})

    assert said["ok"]
