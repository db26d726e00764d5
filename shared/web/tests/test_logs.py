from __future__ import annotations

import io
import json
import sys

import pytest
import structlog

from web.logs import configure

log = structlog.get_logger()


@pytest.mark.usefixtures("logs_of_others")
def test_a_line_goes_to_where_standard_output_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    with io.StringIO() as first:
        monkeypatch.setattr(sys, "stdout", first)
        configure("stock", "info")
        log.info("first")
        assert json.loads(first.getvalue())["event"] == "first"
    second = io.StringIO()
    monkeypatch.setattr(sys, "stdout", second)

    log.info("second")

    assert json.loads(second.getvalue())["event"] == "second"
    assert json.loads(second.getvalue())["service"] == "stock"
