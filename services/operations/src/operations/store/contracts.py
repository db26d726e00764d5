"""The contracts: one file for each version of each event, also of those that are no longer published."""

from __future__ import annotations

import json
from pathlib import Path

from operations.domain.contracts import Contracts
from runtime.data_files import DataFileError

_ENDING = ".schema.json"
_RELEASED = "released"


def contracts_in(folder: Path) -> Contracts:
    """Read the JSON Schemas of a folder, and of what was released before: the trail and dead letters still have it.

    Raises DataFileError for one that can't be read, or when there is none in the folder.
    """
    today, released = (sorted(each.glob(f"*{_ENDING}")) for each in (folder, folder.parent / _RELEASED))
    schemas = {path.name.removesuffix(_ENDING): _schema(path) for path in (*released, *today)}
    if not today:
        raise DataFileError(f"{folder}:1: there are no event schemas")
    return Contracts(schemas)


def _schema(path: Path) -> dict[str, object]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path}:1: not a JSON Schema: {error}") from error
    if not isinstance(schema, dict):
        raise DataFileError(f"{path}:1: not a JSON Schema")
    return schema
