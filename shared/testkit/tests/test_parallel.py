from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from local_stack.layout import ROOT
from testkit.infrastructure import free_ports
from testkit.parallel import LONGEST, MOST_WORKERS, rank, shuffled, unit_of


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("services/matcher/tests/test_a.py::test_one[x::y]", "services/matcher/tests/test_a.py"),
        ("services/matcher/tests/test_a.py::TestIt::test_two", "services/matcher/tests/test_a.py"),
        ("tests/end_to_end/test_a.py::test_one", "tests/end_to_end"),
        ("tests/end_to_end/test_b.py::test_one", "tests/end_to_end"),
        ("tests/faults/test_a.py::test_one", "tests/faults/test_a.py"),
    ],
)
def test_a_file_stays_together_and_so_does_what_shares_the_whole_system(test: str, unit: str) -> None:
    assert unit_of(test) == unit


def test_what_takes_longest_is_begun_first_and_the_rest_keeps_its_order() -> None:
    tests = ["tests/a.py::test_b", "tests/a.py::test_a", "tests/browser/test_a.py::test_x", f"{LONGEST[-1]}::test_x"]
    assert sorted(tests, key=rank) == [*tests[2:], *tests[:2]]
    assert [unit for unit in LONGEST if not (ROOT / unit).exists()] == []


def test_two_of_a_process_and_two_processes_never_have_the_same_ports() -> None:
    mine = [free_ports(31000).base for _ in range(2)]
    command = [sys.executable, "-c", "from testkit.infrastructure import free_ports; print(free_ports(31000).base)"]
    other = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert len({*mine, other}) == 3


def test_auto_means_two_workers_for_each_core_and_not_many(pytestconfig: pytest.Config) -> None:
    workers = pytestconfig.hook.pytest_xdist_auto_num_workers(config=pytestconfig)
    assert workers == min(2 * (os.cpu_count() or 1), MOST_WORKERS)


@dataclass(frozen=True)
class Found:
    nodeid: str


def test_a_seed_is_an_order_and_keeps_files_together() -> None:
    tests = [Found(f"{file}.py::test_{number}") for file in "abcdef" for number in range(5)]
    first, again, second = (shuffled(tests, seed) for seed in ("1", "1", "2"))
    assert tests != first == again != second
    assert sorted(first, key=tests.index) == tests
    assert sum(unit_of(one.nodeid) != unit_of(other.nodeid) for one, other in pairwise(first)) == 5


def test_all_workers_have_the_same_order(tmp_path: Path) -> None:
    for file in "abcd":
        functions = "".join(f"def test_{n}(): pass\n" for n in range(5))
        (tmp_path / f"test_{file}.py").write_text(functions, encoding="utf-8")
    plugins = (
        "-p",
        "xdist.plugin",
        "-p",
        "testkit.parallel",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
    )
    command = (sys.executable, "-m", "pytest", *plugins, "-n2", "--shuffle=any", str(tmp_path))
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, env=alone, check=False, capture_output=True, text=True)
    assert "20 passed" in done.stdout, done.stdout
    assert re.search(r"shuffled: --shuffle=\d+ repeats this order", done.stdout)
