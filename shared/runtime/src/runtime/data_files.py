"""Data files in YAML, checked against a pydantic model, with errors that name the file and the line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)
AnyT = TypeVar("AnyT")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DataFileError(Exception):
    """A data file that can't be used. `str()` is `file:line: what is wrong`, one line for each fault."""


def load(path: Path, shape: type[AnyT]) -> AnyT:
    """Read one YAML file as `shape`. Raises DataFileError naming file and line of every fault."""
    text = _read(path)
    try:
        return TypeAdapter(shape).validate_python(yaml.load(text, Loader=_Loader))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"{path}:{line}: not YAML: {error.problem}"
        raise DataFileError(message) from error
    except ValidationError as error:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        raise DataFileError("\n".join(_faults(path, root, error))) from error


def load_folder(folder: Path, model: type[ModelT]) -> dict[str, ModelT]:
    """Read every `*.yaml` of a folder; the key is the file's name without its ending.

    All faults of all files are reported together. Raises DataFileError.
    """
    loaded, faults = {}, []
    for path in sorted(folder.glob("*.yaml")):
        try:
            loaded[path.stem] = load(path, model)
        except DataFileError as error:
            faults.append(str(error))
    if faults:
        raise DataFileError("\n".join(faults))
    return loaded


def fault_at(path: Path, location: Sequence[str | int], message: str) -> str:
    """Return `file:line: place: what is wrong` for a fault that only several files together show."""
    root = yaml.compose(_read(path), Loader=yaml.SafeLoader)
    return f"{path}:{_line(root, location)}: {'.'.join(map(str, location))}: {message}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}:1: can't be read: {error}"
        raise DataFileError(message) from error


def _faults(path: Path, root: yaml.Node | None, error: ValidationError) -> list[str]:
    return [
        f"{path}:{_line(root, fault['loc'])}: {'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
        for fault in error.errors(include_url=False)
    ]


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Follow a fault's location as far as the file has it; what is missing is reported at its parent's line."""
    line = node.start_mark.line + 1 if node else 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                continue  # a union's branch or a missing key has no place of its own
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
