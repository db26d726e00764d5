"""Reading what services tell of messages that were sent back to them."""

from __future__ import annotations

import orjson
import pytest

from operations.handlers.receipts import fates_in

TOLD = {"item": "rep_1/7", "fate": "handled", "at": "2026-11-30T02:00:00+00:00"}


def test_a_receipt_comes_alone_or_with_others() -> None:
    assert [(each.item, each.fate) for each in fates_in(orjson.dumps(TOLD))] == [("rep_1/7", "handled")]
    several = [TOLD, TOLD | {"item": "rep_1/8", "fate": "ignored"}]
    assert [(each.item, each.fate) for each in fates_in(orjson.dumps(several))] == [
        ("rep_1/7", "handled"),
        ("rep_1/8", "ignored"),
    ]


@pytest.mark.parametrize("broken", [None, [], 7, "x", {}, TOLD | {"fate": "lost"}, TOLD | {"at": "noon"}])
def test_one_that_can_not_be_read_keeps_no_other_from_being_read(broken: object) -> None:
    assert [each.item for each in fates_in(orjson.dumps([broken, TOLD]))] == ["rep_1/7"]
    assert fates_in(orjson.dumps(broken)) == []


def test_what_is_no_json_is_left_out() -> None:
    assert fates_in(b"{") == []
