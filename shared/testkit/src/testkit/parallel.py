"""The tests on several workers, each with a broker and a store of its own, and in any order.

Loaded as a pytest plugin by the workspace's settings. `-n 2` is pytest-xdist's; `--shuffle=any` runs files, and
the tests within them, in another order, to find those that live on what others left behind.
"""

from __future__ import annotations

import gc
import secrets
import sys
from collections.abc import Generator, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import PurePosixPath
from random import Random
from typing import Protocol, TypeVar

import hypothesis
import psutil
import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

MOST_WORKERS = 4
"""More of them start more brokers than they save time."""

ONE_UNIT = ("tests/end_to_end", "tests/browser")
"""Folders whose files share what is dear to start: the whole system."""

LONGEST = (
    "tests/end_to_end",
    "tests/browser",
    "tests/faults/test_load.py",
    "services/portal/tests/test_for_everybody.py",
    "services/applications/tests/test_applications_sanitisation.py",
    "shared/bus/tests/test_network.py",
    "services/operations/tests/test_operations_replay_bus.py",
    "tests/supply/test_supply_chain.py",
    "shared/local-stack/tests/test_infrastructure.py",
    "shared/bus/tests/test_outages.py",
    "shared/bus/tests/test_crashes.py",
    "services/operations/tests/test_operations_replay_kill.py",
    "services/operations/tests/test_operations_group_edit_bus.py",
    "services/operations/tests/test_operations_web_browser.py",
    "services/credential-store/tests/test_credential_hand_overs.py",
    "services/credential-store/tests/test_credential_hand_overs_interrupted.py",
)
"""Units of 20 seconds and more: begun last, one of them would keep a worker busy when all others are done."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist ships no types
    """Hands a worker a whole file, as its tests share fixtures, or a whole folder of `ONE_UNIT`."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Return what stays together with a test: its file, or its folder where that is one unit."""
    file = nodeid.partition("::")[0]
    folder = str(PurePosixPath(file).parent)
    return folder if folder in ONE_UNIT else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Hand out the tests by file."""
    return ByFile(config, log)


@pytest.hookimpl(optionalhook=True, tryfirst=True)  # or pytest-xdist's own answer is the one that counts
def pytest_xdist_auto_num_workers() -> int:
    """Say what `-n auto` means: two for each core, as tests wait for half of their time; but not many."""
    return min(2 * (psutil.cpu_count() or 1), MOST_WORKERS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--shuffle`."""
    text = "another order of files and tests: of this seed, or of `any` seed, which is printed and repeats it"
    parser.addoption("--shuffle", metavar="SEED", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed; a worker takes what it was told. No example has a deadline: machines are slow at times."""
    hypothesis.settings.register_profile("unhurried", deadline=None)
    hypothesis.settings.load_profile("unhurried")
    _look_once_for("sniffio")
    # A fault with the variables of every frame takes up to a minute to draw; a failed test shows them itself.
    structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback
    told: Mapping[str, str | None] = getattr(config, "workerinput", {})
    config.option.shuffle = told.get("shuffle", config.option.shuffle)
    if config.option.shuffle == "any":
        config.option.shuffle = str(secrets.randbelow(100_000))


def _look_once_for(module: str) -> None:
    """Have what is not installed not be looked for: httpcore would, in every folder, several times for each request."""
    if module not in sys.modules and find_spec(module) is None:
        sys.modules[module] = None  # type: ignore[assignment] # what the import system takes for "there is none"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker the seed, so that all of them have one order."""
    node.workerinput["shuffle"] = node.config.option.shuffle


def pytest_report_header(config: pytest.Config) -> str:
    """Print the seed."""
    seed = config.option.shuffle
    return "" if seed is None else f"shuffled: --shuffle={seed} repeats this order"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or shuffle when asked for; what stays on one worker stays side by side."""
    if config.option.shuffle is not None:
        items[:] = shuffled(items, config.option.shuffle)
    else:
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is loaded before the first test out of the garbage collector's way: it stays until the last one."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def rank(nodeid: str) -> int:
    """Return where a test's unit comes among all; those that are not long are left in their order, after them."""
    unit = unit_of(nodeid)
    return LONGEST.index(unit) if unit in LONGEST else len(LONGEST)


class NamedTest(Protocol):
    """A test, as far as its order goes."""

    @property
    def nodeid(self) -> str:
        """The file that it stands in, and its name."""


TestT = TypeVar("TestT", bound=NamedTest)


def shuffled(items: Sequence[TestT], seed: str) -> list[TestT]:
    """Return the tests in the order of a seed, unit by unit."""
    dice = Random(seed)  # noqa: S311 - an order that can be repeated
    units = [list(tests) for _, tests in groupby(items, lambda item: unit_of(item.nodeid))]
    dice.shuffle(units)
    for tests in units:
        dice.shuffle(tests)
    return [test for tests in units for test in tests]
