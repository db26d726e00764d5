"""What is generated from the contracts is up to date and right: the AsyncAPI document and the events' page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from tests.contract.catalogue import departments, readers
from tests.contract.generate import DOCS, DOCUMENTS
from tests.contract.published import FROM_OUTSIDE, all_types, examples, own_events, read, replies, schema_file

OFFICIAL = Path(__file__).parent / "data" / "asyncapi-3.0.0.schema.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The AsyncAPI document."""
    return dict(yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted(DOCUMENTS), ids=lambda path: path.name)
def test_a_generated_document_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make contracts` and review the change"


def test_the_asyncapi_document_meets_the_official_schema(described: dict[str, Any]) -> None:
    faults = list(Draft7Validator(read(OFFICIAL)).iter_errors(described))

    assert [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in faults] == []


def test_the_official_schema_would_find_a_fault(described: dict[str, Any]) -> None:
    broken = {**described, "operations": {"x": {"action": "shout", "channel": {"$ref": "#/channels/x"}}}}

    assert not Draft7Validator(read(OFFICIAL)).is_valid(broken)


def test_every_reference_in_the_asyncapi_document_leads_somewhere(described: dict[str, Any]) -> None:
    assert [ref for ref in _references(described) if _target(described, ref) is None] == []


@pytest.mark.parametrize("event_type", all_types())
def test_every_example_meets_the_payload_that_the_asyncapi_document_describes(
    event_type: str, described: dict[str, Any]
) -> None:
    message = described["components"]["messages"][event_type]
    whole = {**message["payload"], "components": described["components"]}

    assert [example["payload"] for example in message["examples"]] == [read(path) for path in examples(event_type)]
    for example in message["examples"]:
        Draft202012Validator(whole).validate(example["payload"])


def test_everybody_has_their_operations_in_the_asyncapi_document(described: dict[str, Any]) -> None:
    operations = described["operations"]
    sent = [it["channel"]["$ref"].removeprefix("#/channels/") for it in operations.values() if it["action"] == "send"]
    heard = {
        (name.partition("-acts")[0], message["$ref"].rpartition("/")[2])
        for name, it in operations.items()
        if "-acts" in name
        for message in it["messages"]
    }

    assert sorted(sent) == all_types()
    assert heard == {(service, event_type) for event_type in all_types() for service in readers(event_type)}
    told = operations["department-reads-replies"]["messages"]
    assert {it["$ref"].rpartition("/")[2] for it in told} == replies()


def test_only_departments_that_there_are_may_stand_in_an_address(described: dict[str, Any]) -> None:
    parameter = described["channels"]["department.department-record-published.v1"]["parameters"]["department"]

    assert parameter["enum"] == list(departments())


@pytest.mark.parametrize("event_type", sorted([*own_events(), *FROM_OUTSIDE]))
def test_the_page_tells_every_field_and_which_are_personal(event_type: str) -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    section = page.partition(f"\n### {event_type}\n")[2].partition("\n### ")[0]
    table = section.partition("| field |")[2].partition("\n\n")[0].splitlines()

    for name, field in read(schema_file(event_type))["properties"].items():
        (line,) = (it for it in table if it.startswith(f"| `{name}` |"))
        assert ("**personal**" in line) == bool(field.get("x-personal"))


def _references(node: object) -> list[str]:
    if isinstance(node, list):
        return [ref for each in node for ref in _references(each)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [ref for each in node.values() for ref in _references(each)]


def _target(document: dict[str, Any], ref: str) -> object:
    node: Any = document
    for step in ref.removeprefix("#/").split("/"):
        node = node.get(step) if isinstance(node, dict) else None
    return node
