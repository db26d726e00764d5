"""The access table (`shared/contracts/access.yaml`), what services say of themselves, and the page made of the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import yaml
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, model_validator

from tests.contract.published import CONTRACTS
from web import observability
from web.auth import Role

PUBLIC = "public"
_ORIGIN = (
    "Generated from `shared/contracts/access.yaml` by `make contracts`; do not edit it here. Every operation of every "
    "service has its line, and the tests walk all of them with every role, without a token and with bad ones."
)
_METHODS = ("get", "post", "put", "patch", "delete")


class Line(BaseModel):
    """One operation: for each role, or `public`, whose data it reaches; and why, where that is not obvious."""

    model_config = ConfigDict(frozen=True)
    scopes: Mapping[str, str]
    because: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, line: Mapping[str, str]) -> Mapping[str, object]:
        return {
            "because": line.get("because", ""),
            "scopes": {role: scope for role, scope in line.items() if role != "because"},
        }

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may call it."""
        return frozenset(Role(role) for role in self.scopes if role != PUBLIC)

    @property
    def is_public(self) -> bool:
        """Whether nobody has to sign in."""
        return PUBLIC in self.scopes


class Table(BaseModel):
    """The table as it is written: `operations` by service, `every_service` in each of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))
    scopes: Mapping[str, str]
    every_service: Mapping[str, Line]
    operations: Mapping[str, Mapping[str, Line]]

    def of(self, service: str) -> Mapping[str, Line]:
        """Return the lines of a service by `METHOD /path`."""
        return {**self.operations[service], **self.every_service}

    def lines(self) -> Iterator[tuple[str, str, Line]]:
        """Give every service, operation and line."""
        for service in self.operations:
            for operation, line in self.of(service).items():
                yield service, operation, line


@cache
def table() -> Table:
    """Read the table."""
    return Table.model_validate(yaml.safe_load((CONTRACTS / "access.yaml").read_text(encoding="utf-8")))


def described(service: str) -> dict[str, dict[str, Any]]:
    """Return what a service's OpenAPI says, by `METHOD /path`."""
    app = FastAPI()
    app.include_router(router_of(service), prefix="/v1")
    app.state.verifier = SimpleNamespace()  # nobody is let in here
    observability.install(app, service)
    return operations_of(app.openapi())


def router_of(service: str) -> APIRouter:
    """Return a service's routes: those of its features together, or of the one package that has all of them."""
    package = service.replace("-", "_")
    together = f"{package}.routes" if find_spec(f"{package}.routes") else f"{package}.api"
    router: APIRouter = import_module(together).router
    return router


def operations_of(openapi: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a description's operations by `METHOD /path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    }


def page() -> str:
    """Return docs/access.md."""
    parts = [
        "# Who may do what 权限",
        "",
        _ORIGIN,
        "",
        "Beside the role, each service decides whose data a caller reaches:",
        "",
        "| scope | reaches |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in table().scopes.items()),
    ]
    for service in table().operations:
        summaries = described(service)
        parts += ["", f"## {service}", "", "| operation | what | who: whose data | because |", "|---|---|---|---|"]
        parts += [
            f"| `{operation}` | {summaries[operation]['summary']} | {_who(line)} | {line.because} |"
            for operation, line in table().of(service).items()
        ]
    return "\n".join(parts) + "\n"


def _who(line: Line) -> str:
    return "; ".join(f"{role}: {scope}" for role, scope in line.scopes.items())
