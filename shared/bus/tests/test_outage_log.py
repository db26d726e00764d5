from __future__ import annotations

from structlog.testing import capture_logs

from bus.outage_log import EVERY, OutageLog


def test_an_outage_is_one_line_a_minute_with_how_often_it_was_met() -> None:
    seconds = 0.0
    log = OutageLog("broker_down", clock=lambda: seconds)

    with capture_logs() as lines:
        for _ in range(1000):
            log.tell(ConnectionError("gone"), entry="e1")
        seconds = EVERY
        log.tell(ConnectionError("gone"), entry="e2")

    assert [(line["event"], line["times"], line["entry"]) for line in lines] == [
        ("broker_down", 1, "e1"),
        ("broker_down", 1000, "e2"),
    ]


def test_a_fault_of_another_kind_is_said_at_once() -> None:
    log = OutageLog("broker_down", clock=lambda: 0.0)

    with capture_logs() as lines:
        for error in (ConnectionError("gone"), TimeoutError("slow"), ConnectionError("gone")):
            log.tell(error)

    assert [line["error"] for line in lines] == ["ConnectionError('gone')", "TimeoutError('slow')"]
