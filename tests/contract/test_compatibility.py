"""Released contracts change only compatibly; each kind of change is told apart, wherever in whichever schema it is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.compatibility import Schema, breaches
from tests.contract.published import read
from tests.contract.release import RELEASED, SUMS, all_breaches, may_go, released_types, sums

SCHEMAS = {event_type: read(RELEASED / f"{event_type}.schema.json") for event_type in released_types()}
Node = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    """A way to change one node of a schema, where it applies, and the rule that it breaks, if any."""

    rule: str | None
    applies: Callable[[Node], object]
    change: Callable[[Node], object]


def some_property(node: Node) -> str:
    return str(next(iter(node["properties"])))


def optional_property(node: Node) -> object:
    return next((name for name in node.get("properties", {}) if name not in node.get("required", [])), None)


def rename(node: Node) -> None:
    name = some_property(node)
    node["properties"][f"{name}_2"] = node["properties"].pop(name)


def has(*keywords: str) -> Callable[[Node], bool]:
    return lambda node: all(node.get(keyword) for keyword in keywords)


def is_type(name: str) -> Callable[[Node], bool]:
    return lambda node: node.get("type") == name


def nullable(node: Node) -> bool:
    return {"type": "null"} in node.get("anyOf", [])


FORBIDDEN = {
    "a property removed": Mutation(
        "property-removed", has("properties"), lambda n: n["properties"].pop(some_property(n))
    ),
    "a property renamed": Mutation("property-removed", has("properties"), rename),
    "a new required property": Mutation(
        "required-added",
        has("properties", "required"),
        lambda n: (n["properties"].update(new={"type": "string"}), n["required"].append("new")),
    ),
    "an optional property required": Mutation(
        "required-added", optional_property, lambda n: n.setdefault("required", []).append(optional_property(n))
    ),
    "a required property optional": Mutation("required-removed", has("required"), lambda n: n["required"].pop()),
    "a type changed": Mutation("type-changed", is_type("string"), lambda n: n.update(type="integer")),
    "a type widened": Mutation("type-changed", is_type("integer"), lambda n: n.update(type="number")),
    "null allowed": Mutation("type-changed", is_type("boolean"), lambda n: n.update(type=["boolean", "null"])),
    "null no longer allowed": Mutation("anyOf-changed", nullable, lambda n: n["anyOf"].remove({"type": "null"})),
    "an alternative added": Mutation("anyOf-changed", has("anyOf"), lambda n: n["anyOf"].append({"type": "number"})),
    "a value removed": Mutation("enum-value-removed", has("enum"), lambda n: n["enum"].pop()),
    "a value added": Mutation("enum-value-added", has("enum"), lambda n: n["enum"].append("new-value")),
    "a list of values dropped": Mutation("enum-changed", has("enum"), lambda n: n.pop("enum")),
    "a pattern added or changed": Mutation(
        "pattern-changed", is_type("string"), lambda n: n.update(pattern=n.get("pattern", "") + "x")
    ),
    "a format dropped or added": Mutation(
        "format-changed", is_type("string"), lambda n: n.pop("format") if "format" in n else n.update(format="uri")
    ),
    "a longest length": Mutation("maxLength-changed", is_type("string"), lambda n: n.update(maxLength=7)),
    "a least value": Mutation("minimum-changed", is_type("integer"), lambda n: n.update(minimum=-5)),
    "a greatest value": Mutation("maximum-changed", is_type("integer"), lambda n: n.update(maximum=5)),
    "a least count": Mutation("minItems-changed", is_type("array"), lambda n: n.update(minItems=9)),
    "other properties allowed": Mutation(
        "schema-changed",
        lambda n: n.get("additionalProperties") is False,
        lambda n: n.update(additionalProperties=True),
    ),
    "other properties unmentioned": Mutation(
        "additionalProperties-changed",
        lambda n: n.get("additionalProperties") is False,
        lambda n: n.pop("additionalProperties"),
    ),
    "other items": Mutation("type-changed", has("items"), lambda n: n.update(items={"type": "null"})),
    "a personal mark removed": Mutation("personal-mark-removed", has("x-personal"), lambda n: n.pop("x-personal")),
}
ALLOWED = {
    "a new optional property": Mutation(
        None, has("properties"), lambda n: n["properties"].update(new={"type": "string"})
    ),
    "another description": Mutation(None, lambda _: True, lambda n: n.update(description="In other words")),
    "another title": Mutation(None, lambda _: True, lambda n: n.update(title="Other")),
    "examples": Mutation(None, has("type"), lambda n: n.update(examples=["x"])),
    "a personal mark": Mutation(None, lambda _: True, lambda n: n.update({"x-personal": True})),
    "required in another order": Mutation(None, has("required"), lambda n: n["required"].reverse()),
    "values in another order": Mutation(None, has("enum"), lambda n: n["enum"].reverse()),
    "alternatives in another order": Mutation(None, has("anyOf"), lambda n: n["anyOf"].reverse()),
}


def nodes(schema: Schema, *, whole: bool = True) -> Iterator[Node]:
    """Every schema within a schema that somebody uses."""
    if whole:
        yield schema
    for child in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
        yield from nodes(child)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from nodes(schema[keyword])


def mutated(data: st.DataObject, mutation: Mutation) -> tuple[str, Schema, Schema]:
    """A released schema and the same with one node changed, any of those to which the mutation applies."""
    fitting = [event_type for event_type, it in SCHEMAS.items() if any(mutation.applies(node) for node in nodes(it))]
    event_type = data.draw(st.sampled_from(fitting))
    changed = copy.deepcopy(SCHEMAS[event_type])
    candidates = [index for index, node in enumerate(nodes(changed)) if mutation.applies(node)]
    chosen = data.draw(st.sampled_from(candidates))
    mutation.change(list(nodes(changed))[chosen])
    return event_type, SCHEMAS[event_type], changed


@pytest.mark.parametrize("mutation", FORBIDDEN.values(), ids=FORBIDDEN)
@given(data=st.data())
def test_an_incompatible_change_is_found_wherever_it_is(mutation: Mutation, data: st.DataObject) -> None:
    event_type, released, today = mutated(data, mutation)

    found = breaches(event_type, released, today)

    assert mutation.rule in {breach.rule for breach in found} or (
        mutation.rule == "anyOf-changed" and found  # of two alternatives one is left: it is compared by itself
    )


@pytest.mark.parametrize("mutation", ALLOWED.values(), ids=ALLOWED)
@given(data=st.data())
def test_a_compatible_change_passes(mutation: Mutation, data: st.DataObject) -> None:
    assert breaches(*mutated(data, mutation)) == []


def test_a_breach_says_where_it_is_which_rule_it_breaks_and_what_to_do() -> None:
    released = SCHEMAS["review-dispatch.review-approved.v2"]
    today = copy.deepcopy(released)
    approval = today["$defs"]["Approval"]["properties"]
    approval["who"] = approval.pop("reviewer")

    (breach, *_) = breaches("review-dispatch.review-approved.v2", released, today)

    assert str(breach) == (
        "shared/contracts/events/review-dispatch.review-approved.v2.schema.json, "
        "/properties/approvals/items/properties/reviewer: property-removed: 'reviewer' is gone (renamed to 'who'?). "
        "It is released: undo this, or publish review-dispatch.review-approved.v3 beside it "
        "(CONTRIBUTING.md, Changing an event)"
    )


def test_a_rename_is_guessed() -> None:
    released = {"properties": {"name": {"type": "string"}}}
    (breach,) = breaches("a.b.v1", released, {"properties": {"full_name": {"type": "string"}}})

    assert breach.what == "'name' is gone (renamed to 'full_name'?)"


def test_an_event_that_is_gone_is_found(tmp_path: Path) -> None:
    rules = {(breach.event_type, breach.rule) for breach in all_breaches(events=tmp_path)}

    assert rules == {(event_type, "event-gone") for event_type in SCHEMAS if not may_go(event_type)}


def test_todays_contracts_are_compatible_with_all_that_was_released() -> None:
    assert [str(breach) for breach in all_breaches()] == []


def test_nobody_edited_what_was_released() -> None:
    assert (RELEASED / SUMS).read_text(encoding="utf-8") == sums(), (
        "shared/contracts/released is only written by its command"
    )
