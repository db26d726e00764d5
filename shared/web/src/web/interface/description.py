"""What an OpenAPI 3.1 description says, as the page lists it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern", "format")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property of a schema. `where` is `query`, `path` or `header` for a parameter."""

    name: str
    kind: Markup
    is_required: bool
    description: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DescribedAnswer:
    """One way in which an operation answers."""

    status: str
    description: str
    kind: Markup


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    description: str
    parameters: Sequence[Field]
    body: Markup
    answers: Sequence[DescribedAnswer]


def operations(description: Schema) -> list[Operation]:
    """Return every operation in the order of the description."""
    return [
        _operation(method, path, item[method])
        for path, item in description["paths"].items()
        for method in _METHODS
        if method in item
    ]


def schemas(description: Schema) -> dict[str, list[Field]]:
    """Return the properties of every named schema."""
    named = description.get("components", {}).get("schemas", {})
    return {name: list(_properties(schema)) for name, schema in named.items()}


def kind(schema: Schema) -> Markup:
    """Return in a few words what a value may be; a named schema as a link to its place on the page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return Markup(" | ").join(kind(each) for each in schema[several])
    if "enum" in schema or "const" in schema:
        return escape(" | ".join(map(str, schema.get("enum", [schema.get("const")]))))
    if schema.get("type") == "array":
        return Markup("[{}]").format(kind(schema.get("items", {})))
    limits = ", ".join(f"{limit} {schema[limit]}" for limit in _LIMITS if limit in schema)
    return escape(f"{schema.get('type', 'any')}{f' ({limits})' if limits else ''}")


def _operation(method: str, path: str, said: Schema) -> Operation:
    return Operation(
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        parameters=[_parameter(each) for each in said.get("parameters", ())],
        body=_content(said.get("requestBody", {})),
        answers=[
            DescribedAnswer(status, each["description"], _content(each)) for status, each in said["responses"].items()
        ],
    )


def _parameter(said: Schema) -> Field:
    required = said.get("required", False)
    return Field(said["name"], kind(said.get("schema", {})), required, said.get("description", ""), said["in"])


def _content(said: Schema) -> Markup:
    """Return what a body or an answer consists of, by media type where there is more than JSON."""
    parts = [
        kind(each.get("schema", {}))
        if media == "application/json"
        else Markup("{}: {}").format(media, kind(each.get("schema", {})))
        for media, each in said.get("content", {}).items()
    ]
    return Markup(" | ").join(parts)


def _properties(schema: Schema) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield Field(name, kind(each), name in required, each.get("description", ""))
