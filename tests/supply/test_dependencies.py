"""Each package names in its pyproject.toml whatever its source imports: it could be installed alone."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = sorted([*ROOT.glob("shared/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")])
OF_SEVERAL = {"opentelemetry": "opentelemetry-api", "pydantic_core": "pydantic", "xdist": "pytest-xdist"}
"""What several distributions bring, or what comes pinned with another one."""


def _project(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _module(path: Path) -> str:
    return str(_project(path)["tool"]["uv"]["build-backend"]["module-name"])


def _imports(folder: Path) -> set[str]:
    nodes = [node for path in folder.rglob("*.py") for node in ast.walk(ast.parse(path.read_bytes()))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | named} - set(sys.stdlib_module_names)


OURS = {_module(path): str(_project(path)["project"]["name"]) for path in PROJECTS}
INSTALLED = packages_distributions()


def _distribution(module: str) -> str:
    found = OURS.get(module) or OF_SEVERAL.get(module) or INSTALLED[module][0]
    return found.lower().replace("_", "-")


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_a_package_names_what_it_imports(path: Path) -> None:
    declared = {re.split(r"[\[<>=]", name)[0] for name in _project(path)["project"]["dependencies"]}
    used = {_distribution(name) for name in _imports(path.parent / "src") - {_module(path)}}
    assert used - declared == set()
