"""Who looked, in words that a resident reads."""

from __future__ import annotations

import pytest

from data_rights.api.wording import who
from data_rights.domain.access import Access, By
from runtime.clock import utc_now


@pytest.mark.parametrize(
    ("by", "chinese", "english"),
    [
        (
            By(subject="reviewer-he", role="reviewer", departments=("health",)),
            "卫生（审核人员，工号reviewer-he）",
            "Health (Reviewer, staff number reviewer-he)",
        ),
        (
            By(subject="clerk-lin", role="clerk"),
            "窗口人员（工号clerk-lin）",
            "Window clerk (staff number clerk-lin)",
        ),
        (By(subject="res_0123", role="resident"), "监护人或其他居民", "Guardian or other resident"),
        (By(subject="system", role="system"), "系统自动", "The system"),
        (
            By(subject="window-7", role="terminal"),
            "自助终端（编号window-7）",
            "Self-service terminal (number window-7)",
        ),
    ],
)
def test_staff_go_by_department_and_staff_number_and_nobody_by_an_internal_id(
    by: By, chinese: str, english: str
) -> None:
    access = Access(
        id="acc_1",
        holder="x",
        by=by,
        how="viewed",
        what="application",
        documents=(),
        application_id=None,
        item=None,
        purpose=None,
        source="applications",
        at=utc_now(),
        salt="x",
    )
    assert (who(access, "zh-CN"), who(access, "en")) == (chinese, english)
