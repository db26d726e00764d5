"""What the service says before it starts, and what its API description promises."""

from __future__ import annotations

from typing import Any

from applications.config import Settings
from applications.main import create_app


def test_every_route_is_described_and_every_request_has_an_example(settings: Settings) -> None:
    description: dict[str, Any] = create_app(settings).openapi()
    for path, methods in description["paths"].items():
        for route in methods.values():
            assert route["summary"], path
            if path.startswith("/v1/"):
                assert route["description"], path
            content = route.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                reference = next(s["$ref"] for s in (schema, *schema.get("anyOf", ())) if "$ref" in s)
                name = reference.rpartition("/")[2]
                assert description["components"]["schemas"][name]["examples"], name


def test_an_upload_is_described(settings: Settings) -> None:
    description = create_app(settings).openapi()
    route = description["paths"]["/v1/applications/{application_id}/scans"]["post"]
    schema = route["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["required"]) == {"file", "requirement", "document_type"}
