"""What the service says before it starts, and what its API description promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from identity.config import Settings
from identity.main import create_app
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from runtime.data_files import DataFileError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    ensure_keys(tmp_path)
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("YIZHENG_JWKS", str(tmp_path / PUBLIC_KEYS))
    return Settings()


@pytest.mark.parametrize("key", ["number.key", "blind-index.key"])
@pytest.mark.parametrize("content", [None, "not a key\n"])
def test_without_its_keys_it_refuses_to_start_and_names_the_file(
    settings: Settings, key: str, content: str | None
) -> None:
    (settings.keys / key).unlink()
    if content is not None:
        (settings.keys / key).write_text(content)
    with pytest.raises(DataFileError, match=rf"{key}:1: "):
        create_app(settings)


def test_every_route_is_described_and_every_request_has_an_example(settings: Settings) -> None:
    description = create_app(settings).openapi()
    for path, methods in description["paths"].items():
        for route in methods.values():
            assert route["summary"], path
            if path.startswith("/v1/"):
                assert route["description"], path
            body = route.get("requestBody")
            if body:
                name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert description["components"]["schemas"][name]["examples"], name
