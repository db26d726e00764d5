"""Tables and mappings as departments write them, through the interface of a service over a real broker and store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from credential_bureau import Bureau, json_lines, record, running
from credential_store.config import Settings
from store.repository import Database
from testkit.vaults import whole

DATA = Path(__file__).parent / "data"
HEADER = "编号,持有人索引,变更次数,姓名,出生日期,全程接种"
ROW = f"vac-1,{'3ab1' * 16},1,李小龙,2020/02/29,是"


def data(name: str) -> bytes:
    return (DATA / name).read_bytes()


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@pytest.fixture
async def health(settings: Settings) -> AsyncIterator[Bureau]:
    async with running(settings) as client:
        yield Bureau(client, settings.keys)


@pytest.mark.parametrize(
    ("mapping", "content"),
    [
        (data("mapping-words-TRUE.yaml"), data("excel-true-false.csv")),
        (data("mapping.yaml"), b"\x84\x31\x95\x33" + f"{HEADER}\r\n{ROW}\r\n".encode("gb18030")),
        (data("mapping.yaml"), f"\ufeff\n,,,,,\n{HEADER},,\n{ROW},,\n,,,,,,,\n".encode()),
    ],
)
async def test_a_table_is_taken_however_a_spreadsheet_wrote_it(
    health: Bureau, database: Database, mapping: bytes, content: bytes
) -> None:
    answer = await health.hands_over_a_form(content, mapping)
    assert answer.status_code == 201, answer.text
    seen = await health.waits(answer.json()["hand_over_id"])
    assert (seen["stored"], seen["refused"]) == (1, 0), await health.refused(seen["hand_over_id"])
    (held,) = await whole(database, "credentials")
    fields = {"child_name": "李小龙", "birth_date": "2020-02-29", "complete": True}
    assert held["issues"][0]["content"]["fields"] == fields


WRONG_MAPPINGS: list[tuple[bytes | None, bytes, str, str]] = [
    (data("mapping-form-without-year.yaml"), data("date-without-year.csv"), "mapping-form-no-year", "year"),
    (data("mapping-gb18030.yaml"), data("header-line-break.csv"), "mapping-encoding", "GB18030"),
    (None, data("header-line-break.csv"), "mapping-missing", "mapping"),
    (b"a: b: c", b"", "mapping-not-yaml", "line 1"),
]


async def test_a_mapping_is_looked_at_before_anything_of_the_file(health: Bureau, database: Database) -> None:
    for mapping, content, code, words in WRONG_MAPPINGS:
        answer = await health.hands_over_a_form(content, mapping)
        assert (answer.status_code, answer.json()["code"]) == (422, code), content
        assert words in answer.json()["detail"] + answer.json()["action"]
        assert await database["hand-over-files.chunks"].count_documents({}) == 0
        assert await database["hand-over-arrivals"].count_documents({}) == 0


ENCODINGS: list[tuple[bytes, str]] = [
    (f"{HEADER}\n{ROW}".encode("utf-16"), "UTF-16"),
    (f"{HEADER}\n{ROW}".encode("utf-16-le"), "UTF-16"),
    (f"{HEADER}\n{ROW}".encode("utf-32"), "UTF-32"),
    (f"{HEADER}\n{ROW}".encode("gb18030"), "GB18030"),
    (HEADER.encode("utf-8")[:-1] + b"\xff\xfe\n", "another encoding"),
]


async def test_what_another_encoding_looks_like_is_said(health: Bureau) -> None:
    for content, seen in ENCODINGS:
        answer = await health.hands_over_a_form(content, data("mapping.yaml"))
        assert (answer.status_code, answer.json()["code"]) == (422, "file-encoding")
        assert f"looks like {seen}" in answer.json()["detail"]
        answer = await health.hands_over_a_form(data("header-line-break.csv"), content)
        assert answer.json()["code"] == "mapping-encoding"
        assert f"looks like {seen}" in answer.json()["detail"]


async def test_a_table_under_any_name_and_type_needs_its_mapping(health: Bureau) -> None:
    answer = await health.hands_over_a_form(data("header-line-break.csv"), None, "export.txt")
    assert answer.json()["code"] == "mapping-missing"
    answer = await health.hands_over(data("header-line-break.csv"))
    assert answer.json()["code"] == "mapping-missing"
    answer = await health.hands_over_a_form(json_lines([record(1)]), None, "records.jsonl")
    assert answer.status_code == 201


async def test_all_faults_of_a_mapping_are_answered_at_once(health: Bureau) -> None:
    answer = await health.hands_over_a_form(data("header-line-break.csv"), "record_id: 编号\nencoding: latin-1")
    found = {fault["pointer"]: fault for fault in answer.json()["errors"]}
    assert set(found) == {
        f"#/mapping/{name}" for name in ("document_type", "record_id", "number", "sequence", "encoding", "fields")
    }
    assert all(fault["detail"] and fault["action"] for fault in found.values())


async def test_refused_rows_come_back_as_a_file_that_is_taken_once_it_is_repaired(health: Bureau) -> None:
    rows = [ROW.replace("vac-1", f"vac-{n}") for n in range(4)]
    rows[1] = rows[1].replace("vac-1", "4.40309E+17")
    rows[2] = rows[2].replace("3ab1" * 16, "440309202002290031")
    rows[3] = rows[3].replace("2020/02/29", "43890")
    content = f"{HEADER}\r\n".encode("gb18030") + "\r\n".join(rows).encode("gb18030")
    mapping = data("mapping.yaml") + b"encoding: GBK\n"

    seen = await health.waits((await health.hands_over_a_form(content, mapping)).json()["hand_over_id"])
    told = await health.refused(seen["hand_over_id"])
    file = await health.fetches_refused(seen["hand_over_id"])

    assert (seen["stored"], seen["refused"]) == (1, 3)
    assert [line["reason"] for line in told] == ["spoilt-by-spreadsheet", "number-for-index", "spoilt-by-spreadsheet"]
    assert "440309202002290031" not in str(told)
    assert file.headers["content-type"] == "text/csv; charset=gb18030"
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''refused-records.csv"
    header, *lines = file.content.decode("gb18030").splitlines()
    assert header == f'{HEADER},"Refused because"'
    assert [line.startswith(row) for line, row in zip(lines, rows[1:], strict=True)] == [True] * 3
    assert "scientific notation" in lines[0]
    assert "never the number itself" not in lines[0]
    assert "Do not send identity numbers" in lines[1]

    repaired = file.content.decode("gb18030").replace("4.40309E+17", "vac-1")
    repaired = repaired.replace("440309202002290031", "3ab1" * 16).replace("43890", "2020/02/29")
    again = await health.hands_over_a_form(repaired.encode("gb18030"), mapping)
    seen = await health.waits(again.json()["hand_over_id"])
    assert (seen["stored"], seen["refused"]) == (3, 0), await health.refused(seen["hand_over_id"])


async def test_refused_lines_of_json_come_back_to_be_repaired_too(health: Bureau) -> None:
    content = json_lines([record(1), record(2, sequence="2"), b'{"broken', b"", b" "])
    seen = await health.waits((await health.hands_over(content)).json()["hand_over_id"])
    file = await health.fetches_refused(seen["hand_over_id"])
    assert file.headers["content-type"] == "application/x-ndjson"
    one, other = file.content.splitlines()
    assert one.startswith(json_lines([record(2, sequence="2")]).strip().removesuffix(b"}"))
    assert b"a whole number without quotation marks" in one
    assert other.startswith(b'{"line":"{\\"broken","refused":"Line 3: The content is not JSON')
    again = await health.hands_over(one.replace(b'"sequence":"2"', b'"sequence":2'))
    assert (await health.waits(again.json()["hand_over_id"]))["stored"] == 1


async def test_what_was_refused_is_sealed_and_nobody_elses(
    health: Bureau, database: Database, settings: Settings
) -> None:
    content = f"{HEADER}\n{ROW.replace('是', '也许')}\n".encode()
    seen = await health.waits((await health.hands_over_a_form(content, data("mapping.yaml"))).json()["hand_over_id"])
    assert b"\xe6\x9d\x8e" not in str(await database["refused-lines"].find_one()).encode()
    assert "李小龙" in (await health.fetches_refused(seen["hand_over_id"])).text
    async with running(settings) as client:
        civil = Bureau(client, settings.keys, "civil")
        assert (await civil.fetches_refused(seen["hand_over_id"])).status_code == 404
