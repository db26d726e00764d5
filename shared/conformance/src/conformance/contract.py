"""What one department may say: its events with their schemas, and the document types that it keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bus import topology
from local_stack.accounts.permissions import TOPOLOGY
from standards.document_types import by_type

EVENTS = TOPOLOGY.parent / "events"
CITY = "city"
_ANY_DEPARTMENT = "department"

Schema = Mapping[str, Any]


class UnknownDepartmentError(Exception):
    """There is no such department; `known` are those that there are."""

    def __init__(self, code: str, known: tuple[str, ...]) -> None:
        super().__init__(code)
        self.code = code
        self.known = known


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract with one department. `schemas` are those of its events' data, by routing key.

    `keepers` says of every document type who keeps it. The city's mirror may hold documents of every type.
    """

    department: str
    exchange: str
    source: str
    replies: str
    schemas: Mapping[str, Schema]
    keepers: Mapping[str, str]

    @property
    def is_city(self) -> bool:
        """Tell whether it is the city's resource centre, which speaks for no department."""
        return self.department == CITY

    @property
    def keeps(self) -> tuple[str, ...]:
        """The document types that it may speak of."""
        return tuple(kind for kind, keeper in self.keepers.items() if self.is_city or keeper == self.department)

    def key(self, verb: str, version: int | None = None) -> str:
        """Return the routing key of its events that are called so (published, withdrawn): by default the newest."""
        keys = [key for key in self.schemas if key.split(".")[1].endswith(f"-{verb}")]
        if version is not None:
            keys = [key for key in keys if key.endswith(f".v{version}")]
        return max(keys, key=lambda key: int(key.rpartition(".v")[2]))


def contract_of(code: str) -> Contract:
    """Return the contract with a department. Raises UnknownDepartmentError."""
    declared = topology.load(TOPOLOGY)
    if code not in declared.departments:
        raise UnknownDepartmentError(code, tuple(declared.departments))
    department = declared.departments[code]
    return Contract(
        department=code,
        exchange=department.messages,
        source=department.source,
        replies=department.replies,
        schemas={key: _schema(key) for key in declared.keys_from(department)},
        keepers={code: kind.department for code, kind in by_type().items()},
    )


def schema_file(key: str) -> Path:
    """Return the file with the schema of an event's data; all departments share theirs."""
    own = EVENTS / f"{key}.schema.json"
    return own if own.exists() else EVENTS / f"{_ANY_DEPARTMENT}.{key.partition('.')[2]}.schema.json"


def _schema(key: str) -> Schema:
    schema: Schema = json.loads(schema_file(key).read_text(encoding="utf-8"))
    return schema
