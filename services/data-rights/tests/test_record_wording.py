"""Who looked, in words that a resident reads."""

from __future__ import annotations

import pytest

from data_rights.api.labels import who
from data_rights.domain.access import Access, AccessedBy
from runtime.clock import utc_now


@pytest.mark.parametrize(
    ("by", "chinese", "english"),
    [
        (
            AccessedBy(subject="reviewer-he", role="reviewer", departments=("health",)),
            "卫生（审核人员）",
            "Health (Reviewer)",
        ),
        (
            AccessedBy(subject="reviewer-luo", role="reviewer", departments=("housing", "land")),
            "租赁管理、不动产登记（审核人员）",
            "Rental Administration, Real-estate Registration (Reviewer)",
        ),
        (AccessedBy(subject="clerk-lin", role="clerk"), "窗口工作人员", "Window clerk"),
        (AccessedBy(subject="grid-ou", role="grid-officer"), "网格员", "Grid officer"),
        (AccessedBy(subject="official-jiang", role="official"), "管理人员", "Official"),
        (AccessedBy(subject="operator-bai", role="operator"), "运维人员", "Operator"),
        (AccessedBy(subject="res_0123", role="resident"), "监护人或其他居民", "Guardian or other resident"),
        (AccessedBy(subject="system", role="system"), "系统自动", "The system"),
        (AccessedBy(subject="window-7", role="terminal"), "自助终端", "Self-service terminal"),
        (
            AccessedBy(subject="psb-system", role="department", departments=("psb",)),
            "公安（部门业务系统）",
            "Public Security (Department system)",
        ),
    ],
)
def test_everybody_goes_by_department_and_role_and_nobody_by_an_account(
    by: AccessedBy, chinese: str, english: str
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
