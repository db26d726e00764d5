"""What `make run` prints once everything is up."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from local_stack.layout import ROOT, Layout
from local_stack.ports import Ports
from local_stack.provider.people import staff
from local_stack.welcome import advice


def printed(environment: dict[str, str], tmp_path: Path) -> str:
    ports = Ports(int(environment.get("YIZHENG_PORT_BASE", "18000")))
    return advice(Layout(tmp_path / "var"), ports, 1.0, environment)


def test_the_commands_find_a_run_on_other_ports_and_in_another_folder(tmp_path: Path) -> None:
    own = {"YIZHENG_PORT_BASE": "25000", "YIZHENG_VAR": str(tmp_path / "my var"), "PATH": "/bin"}
    told = printed(own, tmp_path)
    line = re.search(r"export (.*?)   ", told)
    assert line is not None
    words = dict(word.split("=", 1) for word in shlex.split(line[1]))
    assert words == {"YIZHENG_PORT_BASE": "25000", "YIZHENG_VAR": str(tmp_path / "my var")}
    assert told.index("export") < told.index("make ")
    assert "18000" not in told


def test_an_ordinary_run_needs_nothing_to_be_set(tmp_path: Path) -> None:
    usual = {"YIZHENG_PORT_BASE": "18000", "YIZHENG_VAR": str(ROOT / "var"), "MACHINES": "1", "REPLICAS": "2"}
    assert "export" not in printed({}, tmp_path)
    assert "export" not in printed(usual, tmp_path)


def test_the_commands_for_a_cluster_are_told_that_there_are_three_of_each(tmp_path: Path) -> None:
    assert "export MACHINES=3 " in printed({"YIZHENG_PORT_BASE": "18000", "MACHINES": "3"}, tmp_path)


@pytest.mark.parametrize("words", ["/operations/", "make -s token ROLE=operator SUBJECT="])
def test_it_says_how_to_sign_in_as_an_operator(tmp_path: Path, words: str) -> None:
    assert words in printed({}, tmp_path)


def test_the_portals_address_stands_first_and_who_can_sign_in_there(tmp_path: Path) -> None:
    people = tmp_path / "var" / "synthetic" / "people.json"
    people.parent.mkdir(parents=True)
    people.write_text(json.dumps([{"subject": f"res_{n}", "name": f"居民{n}", "story": {}} for n in range(9)]))
    told = printed({"YIZHENG_PORT_BASE": "25000"}, tmp_path)
    assert told.split()[2] == "https://127.0.0.1:25000/"
    lines = {line.split()[0]: line for line in told.splitlines() if line.strip()}
    assert "居民0, 居民1, " in lines["resident"]
    assert "居民8" not in lines["resident"]
    for each in staff():
        assert each.name in lines[each.role]
    assert "https://127.0.0.1:25000/hall/" in told
    assert "https://127.0.0.1:25000/terminal/" in told
    assert "make card-reader" in told
