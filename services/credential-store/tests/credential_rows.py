"""A mapping of a table with a column of every kind, and a row of that table."""

from __future__ import annotations

from credential_store.domain.column_map import ColumnSource, Mapping

MAPPING = Mapping.model_validate(
    {
        "document_type": "vaccination-record",
        "record_id": {"column": "编号"},
        "holder_index": {"column": "索引"},
        "sequence": {"value": 1},
        "fields": {
            "child_name": {"column": "姓名"},
            "birth_date": {"column": "出生日期", "kind": "date", "form": "%Y/%m/%d"},
            "complete": {"column": "全程", "kind": "yes-no"},
            "doses": {"column": "针数", "kind": "whole-number"},
            "makers": {"column": "厂家", "kind": "list"},
        },
        "valid_from": {"column": "接种日期", "kind": "date", "form": "%Y%m%d"},
    }
)
ROW = {
    "编号": "v1",
    "索引": "ab" * 32,
    "姓名": "李小华",
    "出生日期": "2020/02/29",
    "全程": "是",
    "针数": "3",
    "厂家": "甲、乙",
    "接种日期": "20260105",
}
HEADER = ",".join(ROW)
WITH_NUMBER = MAPPING.model_copy(
    update={"fields": {**MAPPING.fields, "certificate_number": ColumnSource(column="证号")}}
)
KEYED = {**ROW, "证号": "T44"}
