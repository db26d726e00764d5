"""Whatever comes in from outside has a bound: every text, list, number, day and moment of requests and of events.

Headers are not looked at: the gateway takes 8 KiB of one at the most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from bus.consumer import Subscription
from records import parts
from runtime.clock import Day, Moment
from standards import bounds
from tests.contract.access import router_of
from tests.contract.published import SERVICES, subscriptions

Core = Mapping[str, Any]

WHOLE = re.compile(r"^\^.*\$$")
INNER = ("schema", "keys_schema", "values_schema", "items_schema", "extras_schema")
FREE = {("operations", "EditAsked", "data"), ("operations", "EditAsked", "body")}
"""An operator's edit of an event: of any shape, bounded by the body and by the event's own schema."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "str": ("max_length",),
    "int": ("ge", "le"),
    "float": ("ge", "le"),
    "date": ("ge", "le"),
    "datetime": ("ge", "le"),
    "list": ("max_length",),
    "tuple": ("max_length",),
    "set": ("max_length",),
    "frozenset": ("max_length",),
    "dict": ("max_length",),
}


def unbounded(core: Core, at: str, definitions: Mapping[str, Core]) -> Iterator[str]:
    """Find the places in a pydantic core schema that take something of any size."""
    kind = core["type"]
    if kind == "definitions":
        known: Mapping[str, Core] = {each["ref"]: each for each in core["definitions"]}
        yield from unbounded(core["schema"], at, known)
        return
    if kind == "function-plain":
        if core["function"]["function"] is not bounds._bounded:  # noqa: SLF001 - what bounds a field's value
            yield f"{at}: a function of its own"
        return
    if kind == "any":
        yield f"{at}: anything"
    if kind in NEEDS and not _is_bounded(core):
        yield f"{at}: {kind} without {' or '.join(NEEDS[kind])}"
    for name, inner, rest in _inside(core, definitions):
        yield from unbounded(inner, f"{at}/{name}" if name else at, rest)


def _is_bounded(core: Core) -> bool:
    if core["type"] == "str" and "pattern" in core:
        is_finite = WHOLE.match(core["pattern"]) is not None and not set("*+") & set(core["pattern"])
        return "max_length" in core or is_finite
    if core["type"] == "tuple" and "variadic_item_index" not in core:
        return True
    return all(_is_there(core, need) for need in NEEDS[core["type"]])


def _is_there(core: Core, need: str) -> bool:
    strict = {"ge": "gt", "le": "lt"}
    return need in core or strict.get(need, need) in core


def _inside(core: Core, definitions: Mapping[str, Core]) -> Iterator[tuple[str, Core, Mapping[str, Core]]]:
    if core["type"] == "definition-ref":
        rest = {name: each for name, each in definitions.items() if name != core["schema_ref"]}
        if core["schema_ref"] in definitions:
            yield "", definitions[core["schema_ref"]], rest
        return
    for name, field in core.get("fields", {}).items() if isinstance(core.get("fields"), dict) else ():
        yield name, field["schema"], definitions
    for choice in core.get("choices", ()):
        yield "", choice[0] if isinstance(choice, tuple) else choice, definitions
    inner = core.get("items_schema")
    if isinstance(inner, list):
        yield from (("", each, definitions) for each in inner)
    for name in INNER:
        if isinstance(core.get(name), dict):
            yield "", core[name], definitions


def routes(service: str) -> list[APIRoute]:
    """Return every route of a service."""
    return [route for route in _flat(router_of(service)) if isinstance(route, APIRoute)]


def _flat(router: Any) -> Iterator[object]:  # noqa: ANN401 - whatever FastAPI makes of an included router
    for route in router.routes:
        if (included := getattr(route, "original_router", None)) is None:
            yield route
        else:
            yield from _flat(included)


def parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """Return what a route takes from path, query and body, its dependencies' too, as FastAPI validates it."""
    for where in ("path_params", "query_params", "body_params"):
        yield from ((f"{where.partition('_')[0]} {field.name}", field) for field in getattr(dependant, where))
    for inner in dependant.dependencies:
        yield from parameters(inner)


def of_annotation(annotation: Any) -> list[str]:  # noqa: ANN401 - a type
    """Return what is unbounded in a type."""
    return list(unbounded(TypeAdapter(annotation).core_schema, "", {}))


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_request_brings_has_a_bound(service: str) -> None:
    every = [(route, *taken) for route in routes(service) for taken in parameters(route.dependant)]
    assert every
    found = []
    for route, name, field in every:
        adapter = field._type_adapter  # noqa: SLF001 - FastAPI keeps it nowhere else
        model = getattr(field.field_info.annotation, "__name__", "")
        free = {f"{name}/{attribute}: anything" for where, of, attribute in FREE if (where, of) == (service, model)}
        places = [place for place in unbounded(adapter.core_schema, name, {}) if place not in free]
        found += [f"{route.methods} {route.path}: {place}" for place in places]
    assert found == []


@pytest.mark.parametrize(
    "subscription",
    [subscription for _, subscription in subscriptions() if subscription.refused is not None],
    ids=lambda subscription: subscription.pattern,
)
def test_whatever_an_event_of_a_system_outside_brings_has_a_bound(subscription: Subscription[Any]) -> None:
    assert list(unbounded(TypeAdapter(subscription.view).core_schema, "data", {})) == []


class Inner(BaseModel):
    texts: list[str]


class Loose(BaseModel):
    text: str
    inner: Inner | None
    moment: Moment
    day: Day


def test_the_walk_finds_what_has_no_bound() -> None:
    assert of_annotation(Loose) == [
        "/text: str without max_length",
        "/inner/texts: list without max_length",
        "/inner/texts: str without max_length",
    ]
    assert of_annotation(parts.Day) == of_annotation(bounds.Value) == []
    assert of_annotation(int) == [": int without ge or le"]
    assert of_annotation(dict[str, bounds.Value]) == [": dict without max_length", ": str without max_length"]
