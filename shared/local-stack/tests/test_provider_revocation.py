"""The development provider tells services whether a token still counts, and ends one when it is asked to."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from local_stack import tokens
from local_stack.keys import CLIENT_SECRET, SERVICES_SECRET, ensure_keys
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.provider.app import CLIENT_ID, SERVICES_ID, create_app


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path)
    ensure_keys(found.keys)
    return found


@pytest.fixture
def client(layout: Layout) -> TestClient:
    return TestClient(create_app(layout, Ports()))


def is_active(client: TestClient, layout: Layout, token: str) -> bool:
    login = SERVICES_ID, (layout.keys / SERVICES_SECRET).read_text().strip()
    answer = client.post("/introspect", data={"token": token}, auth=login)
    assert answer.status_code == 200
    assert set(answer.json()) == {"active"}
    return bool(answer.json()["active"])


def test_an_ended_sign_in_counts_no_more(client: TestClient, layout: Layout) -> None:
    first, second = (tokens.sign(layout.keys, "reviewer", claims={"sid": "s-1"}) for _ in range(2))
    other = tokens.sign(layout.keys, "reviewer", claims={"sid": "s-2"})
    assert all(is_active(client, layout, each) for each in (first, second, other))
    login = CLIENT_ID, (layout.keys / CLIENT_SECRET).read_text().strip()
    assert client.post("/revoke", data={"token": first}, auth=login).status_code == 200
    assert [is_active(client, layout, each) for each in (first, second, other)] == [False, False, True]


def test_what_is_over_or_of_somebody_else_does_not_count(client: TestClient, layout: Layout, tmp_path: Path) -> None:
    ensure_keys(tmp_path / "elsewhere")
    for token in (tokens.sign(layout.keys, "clerk", hours=-1), tokens.sign(tmp_path / "elsewhere", "clerk"), "", "x.y"):
        assert not is_active(client, layout, token)


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_only_those_who_are_registered_may_ask(client: TestClient, layout: Layout, path: str) -> None:
    token = tokens.sign(layout.keys, "operator")
    assert client.post(path, data={"token": token}).status_code == 401
    for name in (SERVICES_ID, CLIENT_ID):
        assert client.post(path, data={"token": token}, auth=(name, "guessed")).status_code == 401
    assert is_active(client, layout, token)
