"""What the service says before it starts, and what its API description promises."""

from __future__ import annotations

from applications.config import Settings
from applications.main import create_app


def test_an_upload_is_described(settings: Settings) -> None:
    description = create_app(settings).openapi()
    route = description["paths"]["/v1/applications/{application_id}/scans"]["post"]
    schema = route["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["required"]) == {"file", "requirement", "document_type"}
