"""What can be counted of the code without running it, and which of its files are run for one piece of work."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from types import CodeType, FrameType

ROOT = Path(__file__).parents[2]
ASIDE = {"portal"}
"""Not part of the size of the source: the pages that people meet have a measure of their own."""
NOT_RUNNING = {"conformance", "local-stack", "synthetic", "testkit"}
"""Packages that are no part of a service at work."""

CONTRACT = Path("shared/contracts")
WIRE = re.compile(r"/src/\w+/(events|views)(\.py|/)|/(access_log|erasure|exports|presences|holders|replies)\.py$")
"""Files of events, and of the pieces of events that all services share."""


@cache
def sources() -> Mapping[Path, str]:
    """Return the text of every file of the packages, by its path from the root."""
    files = chain(ROOT.glob("services/*/src/**/*.py"), ROOT.glob("shared/*/src/**/*.py"))
    return {file.relative_to(ROOT): file.read_text() for file in sorted(files)}


@cache
def tests() -> Mapping[Path, str]:
    """Return the text of every file of tests, by its path from the root."""
    files = {*ROOT.glob("tests/**/*.py"), *ROOT.glob("services/*/tests/**/*.py"), *ROOT.glob("shared/*/tests/**/*.py")}
    return {file.relative_to(ROOT): file.read_text() for file in sorted(files)}


def lines_of_source() -> int:
    """Count the lines of the packages, the portal aside."""
    return sum(text.count("\n") for path, text in sources().items() if path.parts[1] not in ASIDE)


def lines_of_tests() -> int:
    return sum(text.count("\n") for text in tests().values())


def homonyms() -> dict[str, set[Path]]:
    """Return the class names that stand in more than one file, and where.

    The files of events, and of what is read of them, count as one place: there a name is the contract's.
    """
    places = defaultdict(set)
    for path, each in _classes():
        places[each.name].add(CONTRACT if WIRE.search(path.as_posix()) else path)
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def gerunds() -> list[Path]:
    """Return the modules that are named by what is done there instead of what is there."""
    return [path for path in sources() if path.stem.endswith("ing") and path.stem != "string"]


def protocols() -> list[str]:
    """Return the names of the protocols. They are matched by shape: their implementations can't be counted here."""
    return [each.name for _, each in _classes() if any(_name(base) == "Protocol" for base in each.bases)]


@cache
def _classes() -> Sequence[tuple[Path, ast.ClassDef]]:
    trees = ((path, ast.parse(text)) for path, text in sources().items())
    return [(path, node) for path, tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _name(base: ast.expr) -> str:
    named = base.value if isinstance(base, ast.Subscript) else base
    return named.id if isinstance(named, ast.Name) else ""


@contextmanager
def executed() -> Iterator[Counter[Path]]:
    """Count the calls of functions of this thread meanwhile, by the files of the packages that they stand in."""
    calls: Counter[CodeType] = Counter()
    files: Counter[Path] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(None)
        for code, times in calls.items():
            path = Path(code.co_filename.removeprefix(f"{ROOT}/"))
            if path in sources() and path.parts[1] not in NOT_RUNNING:
                files[path] += times
