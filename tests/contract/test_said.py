"""What a person says in words says something: no request takes invisible characters or mere signs for a reason."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

SERVICES = ("applications", "credential_store", "data_rights", "identity", "matcher", "review_dispatch")
"""Operations asks for reasons in its domain, for all its faces (test_operations_failures.py)."""
WORDS = {"comment", "explanation", "message", "note", "purpose", "reason", "text"}
SILENCES = ["\u200b", "\u3164", "\u2060\ufeff", "\u2800", "…", " \u00ad "]


def _words() -> Iterator[tuple[str, Any]]:
    """Yield every field of every request in which somebody says something, with what it accepts."""
    seen: set[type[BaseModel]] = set()
    for service in SERVICES:
        package = importlib.import_module(service)
        for module in pkgutil.walk_packages(package.__path__, f"{service}."):
            if ".api" not in module.name or module.name.endswith("__main__"):
                continue
            for model in vars(importlib.import_module(module.name)).values():
                if not isinstance(model, type) or not issubclass(model, BaseModel) or model in seen:
                    continue
                seen.add(model)
                if model.model_config.get("extra") != "forbid" or ".api" not in model.__module__:
                    continue
                for name, field in model.model_fields.items():
                    if name in WORDS:
                        yield f"{service}.{model.__name__}.{name}", Annotated[field.annotation, field]


FOUND = dict(_words())


def test_reasons_of_every_service_are_found() -> None:
    wanted = {
        "applications.WithdrawalGiven.reason",
        "applications.SatisfactionGiven.comment",
        "applications.ConfirmationRequest.reason",
        "matcher.DryRunAsked.purpose",
        "identity.LookUp.purpose",
        "identity.Because.reason",
        "review_dispatch.NoteAsked.text",
    }
    assert wanted <= FOUND.keys()


@pytest.mark.parametrize("name", FOUND)
def test_what_cannot_be_seen_says_nothing(name: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(FOUND[name])
    for silence in SILENCES:
        with pytest.raises(ValidationError):
            adapter.validate_python(silence)
    adapter.validate_python("张三来电核实")
