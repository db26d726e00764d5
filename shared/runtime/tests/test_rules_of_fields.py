"""What is said of a rule that a field breaks: in our own words, in both languages, never in the framework's."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import AnyUrl, BaseModel, Field, PastDate, ValidationError, create_model
from pydantic_core import core_schema

from runtime.texts import LANGUAGES, Texts
from web import problems

TEXTS = Texts.of("standards", "runtime")
OF_PROGRAMS_OBJECTS = frozenset(
    (
        *("no_such_attribute", "needs_python_object", "frozen_field", "frozen_instance", "frozen_dict_type"),
        *("get_attribute_error", "dataclass_type", "dataclass_exact_type", "named_tuple_type", "ordered_dict_type"),
        *("counter_type", "deque_type", "default_factory_not_called", "set_item_not_hashable", "iteration_error"),
        *("missing_sentinel_error", "ellipsis_error", "is_instance_of", "is_subclass_of", "callable_type"),
        *("arguments_type", "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument"),
        *("unexpected_positional_argument", "missing_positional_only_argument", "multiple_argument_values"),
        *("fraction_type", "fraction_parsing", "complex_type", "complex_str_parsing"),
    )
)
"""Of calls and objects of a program, and of types of number that no field has: nothing that is typed breaks them."""
IN_GENERAL = frozenset({"value_error", "assertion_error", "recursion_loop", "recursion_depth_exceeded", "invalid_key"})
"""Told in general words (`rules.other`): what they mean only the check itself knows."""


def test_every_rule_that_something_typed_can_break_has_words_of_its_own() -> None:
    untold = set(get_args(core_schema.ErrorType)) - OF_PROGRAMS_OBJECTS - IN_GENERAL
    assert {each for each in untold if not TEXTS.has(f"rules.{each}")} == set()
    assert TEXTS.has("rules.other")


class Kind(BaseModel):
    kind: Literal["a"]


class OtherKind(BaseModel):
    kind: Literal["b"]


BROKEN: list[tuple[Any, Any]] = [
    (Annotated[int, Field(gt=5)], 5),
    (Annotated[int, Field(lt=5)], 5),
    (Annotated[date, Field(gt=date(2026, 11, 23))], "2026-11-23"),
    (Annotated[date, Field(lt=date(2026, 11, 23))], "2026-11-23"),
    (Annotated[int, Field(multiple_of=5)], 4),
    (int, 1.5),
    (int, "9" * 5000),
    (float, "much"),
    (Annotated[Decimal, Field(max_digits=3, decimal_places=1)], "1234.5"),
    (Annotated[Decimal, Field(decimal_places=1)], "1.55"),
    (Annotated[list[int], Field(min_length=2)], [1]),
    (tuple[int, ...], 1),
    (set[int], 1),
    (date, "2026-11-23T01:00:00"),
    (PastDate, "9999-01-01"),
    (datetime, "yesterday"),
    (datetime, []),
    (time, "noon"),
    (timedelta, "long"),
    (UUID, "1"),
    (AnyUrl, "somewhere"),
    (None, "something"),
    (Annotated[Kind | OtherKind, Field(discriminator="kind")], {"kind": "c"}),
    (Annotated[Kind | OtherKind, Field(discriminator="kind")], {}),
    (bytes, 1),
]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_none_is_told_in_the_frameworks_words(language: str) -> None:
    fields: dict[str, Any] = {f"field{number}": (kind, ...) for number, (kind, _) in enumerate(BROKEN)}
    sent = {f"field{number}": value for number, (_, value) in enumerate(BROKEN)}
    app = FastAPI()
    problems.install(app, TEXTS)

    @app.get("/")
    async def check() -> None:
        """Break all rules, as FastAPI tells it."""
        try:
            create_model("Sent", **fields).model_validate_json(json.dumps(sent))
        except ValidationError as error:
            faults = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            raise RequestValidationError(faults) from error

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/", headers={"Accept-Language": language})
    told = {each["pointer"].split("/")[1]: each for each in answer.json()["errors"]}
    assert sorted(told) == sorted(sent)
    for name, fault in told.items():
        key = f"rules.{fault['code']}"
        texts = [TEXTS.raw(language, each) for each in (key, f"{key}-day") if TEXTS.has(each)]
        begins = {text.split("{")[0] for text in texts}
        assert any(fault["detail"].startswith(begin) for begin in begins), (name, fault)
        assert "{" not in fault["detail"]
        assert "Input should" not in fault["detail"]
