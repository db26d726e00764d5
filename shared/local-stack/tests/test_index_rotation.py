"""`make rotate-index` over all services."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from local_stack import index_rotation
from local_stack.layout import Layout
from local_stack.ports import SERVICES


@pytest.mark.parametrize(("code", "told"), [(0, "no blind index is left in clear"), (69, "start it again to go on")])
def test_it_is_done_when_every_service_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, told: str
) -> None:
    asked: list[tuple[Sequence[str], str]] = []

    def rotate_all(names: Sequence[str], _: Layout, command: str) -> int:
        asked.append((names, command))
        return code

    monkeypatch.setattr(index_rotation, "rotate_all", rotate_all)

    assert index_rotation.main() == code
    said = capsys.readouterr()
    assert told in (said.err if code else said.out)
    assert asked == [(SERVICES, "rotate_index")]
