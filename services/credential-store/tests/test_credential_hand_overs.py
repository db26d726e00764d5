"""Files that departments hand over: taken in by a service that runs over a real broker and a real store."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import orjson
import pytest

from credential_bureau import Bureau, Json, eventually, json_lines, none_in, published_to, record, running, values
from credential_store.config import Settings
from credential_store.handlers import bulk_import
from credential_store.store import credentials_in
from runtime.clock import utc_now
from standards.bounds import MOST_RECORDS
from store.repository import Database
from testkit.persons import NUMBER
from testkit.vaults import whole


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@pytest.fixture
async def health(settings: Settings) -> AsyncIterator[Bureau]:
    async with running(settings) as client:
        yield Bureau(client, settings.keys)


MAPPING = {
    "document_type": "vaccination-record",
    "record_id": {"column": "编号"},
    "holder_index": {"column": "索引"},
    "sequence": {"column": "序号"},
    "fields": {
        "child_name": {"column": "姓名"},
        "birth_date": {"column": "出生日期", "kind": "date", "form": "%Y/%m/%d"},
        "complete": {"column": "全程", "kind": "yes-no"},
    },
}


def table(count: int, **broken: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["编号", "索引", "序号", "姓名", "出生日期", "全程"], lineterminator="\r\n")
    writer.writeheader()
    for n in range(count):
        row = {"编号": f"t{n}", "索引": f"{n:064x}", "序号": "1", "姓名": f"李{n}", "出生日期": "2020/02/29"}
        writer.writerow({**row, "全程": "是", **(broken if n == 1 else {})})
    return text.getvalue()


async def test_a_file_with_every_hundredth_line_broken_is_taken_in_but_for_these(
    health: Bureau, database: Database, settings: Settings
) -> None:
    begun = utc_now()
    lines: list[Json | bytes] = [b'{"broken' if n % 100 == 50 else record(n) for n in range(600)]
    answer = await health.hands_over(json_lines(lines))
    assert (answer.status_code, answer.json()["state_name"]) == (201, "Being taken in")
    seen = await health.waits(answer.json()["hand_over_id"])
    assert (seen["lines"], seen["stored"], seen["refused"], seen["percent"]) == (600, 594, 6, 100.0)
    refused = await health.refused(seen["hand_over_id"])
    assert [each["line"] for each in refused] == list(range(51, 600, 100))
    assert {(each["reason"], each["title"]) for each in refused} == {("not-json", "The content is not JSON")}
    assert await database["credentials"].count_documents({"status": "01"}) == 594
    await eventually(lambda: none_in(database, "outbox"))
    events = await published_to(settings, begun)
    assert len(events) == len({event["data"]["credential_id"] for event in events}) == 594
    assert {event["correlationid"] for event in events} == {f"vac-{n}" for n in range(600) if n % 100 != 50}


async def test_each_fault_is_reported_with_its_line_reason_path_and_rule_and_never_with_a_value(
    health: Bureau,
) -> None:
    lines: list[Json | bytes] = [
        record(0),
        record(1, document_type="bank-account"),
        record(2, document_type="library-card"),
        record(3, department="civil"),
        record(4, sequence="1"),
        record(5, fields={"child_name": {"first": "秘密"}}),
        record(6, valid_from="2026-02-30"),
        record(6, fields=values("李", birth_date="2021-02-29")),
        record(6, fields={"child_name": "秘密", "complete": True}),
        {name: value for name, value in record(7).items() if name != "valid_until"},
        b"[1]",
        b"\xff\xfe{}",
        b'"' + b"x" * 300_000 + b'"',
        record(0, fields=values("另一个")),
        record(0, sequence=5),
        record(0, sequence=4, fields=values("另一个")),
        record(0, sequence=5),
        b"",
    ]
    seen = await health.waits((await health.hands_over(json_lines(lines))).json()["hand_over_id"])
    refused = await health.refused(seen["hand_over_id"])
    assert [(each["line"], each["reason"], each["path"]) for each in refused] == [
        (2, "document-type-not-kept", "/data/document_type"),
        (3, "unknown-document-type", "/data/document_type"),
        (4, "wrong-department", "/data/department"),
        (5, "wrong-schema", "/data/sequence"),
        (6, "wrong-schema", "/data/fields/child_name"),
        (7, "wrong-schema", "/data/valid_from"),
        (8, "field-not-date", "/data/fields/birth_date"),
        (9, "field-missing", "/data/fields/birth_date"),
        (10, "wrong-schema", "/data/valid_until"),
        (11, "not-an-object", "/data"),
        (12, "not-utf-8", ""),
        (13, "line-too-long", ""),
        (14, "sequence-reused", "/data/sequence"),
        (16, "older-than-held", "/data/sequence"),
    ]
    assert "秘密" not in str(refused)
    assert all(each["rule"] and each["action"] for each in refused)
    assert (seen["stored"], seen["unchanged"]) == (2, 1)


@pytest.mark.parametrize(("batch", "writes"), [(500, 1), (2, 2), (1, 3)])
async def test_a_record_can_be_published_changed_and_withdrawn_within_one_file(
    health: Bureau, database: Database, monkeypatch: pytest.MonkeyPatch, batch: int, writes: int
) -> None:
    monkeypatch.setattr(bulk_import, "BATCH", batch)
    gone = {name: record(1)[name] for name in ("department", "record_id", "document_type", "holder_index")}
    lines = [record(1), record(1, sequence=2, fields=values("改")), gone | {"sequence": 3, "reason": "误录"}]
    seen = await health.waits((await health.hands_over(json_lines(lines))).json()["hand_over_id"])
    assert (seen["stored"], seen["refused"]) == (3, 0)
    (credential,) = await whole(database, "credentials")
    assert (credential["status"], len(credential["issues"]), credential["version"]) == ("07", 2, writes)


async def test_a_file_names_its_holders_by_number_and_nothing_of_it_is_seen_in_the_store(
    health: Bureau, database: Database, settings: Settings
) -> None:
    by_number = {name: said for name, said in record(1).items() if name != "holder_index"} | {"number": NUMBER}
    lines = [by_number, by_number | {"record_id": "vac-2", "number": NUMBER[:-1] + "9"}]

    seen = await health.waits((await health.hands_over(json_lines(lines))).json()["hand_over_id"])

    assert (seen["stored"], seen["refused"]) == (1, 1)
    (refused,) = await health.refused(seen["hand_over_id"])
    assert (refused["reason"], refused["path"]) == ("wrong-number", "/data/number")
    index = settings.blind_index().of(NUMBER)
    (credential,) = await credentials_in(database).of_holder(index)
    assert credential.holder.index == index
    stored = str([await database[name].find().to_list() for name in await database.list_collection_names()])
    assert (NUMBER in stored, index in stored) == (False, False)


@pytest.mark.parametrize("batch", [7, 500])
async def test_a_file_brings_no_more_records_of_one_person_than_anybody_has(
    health: Bureau, database: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(bulk_import, "BATCH", batch)
    of_one = [record(n, holder_index="a" * 64) for n in range(MOST_RECORDS + 20)]

    seen = await health.waits((await health.hands_over(json_lines([*of_one, record(1)]))).json()["hand_over_id"])

    assert (seen["stored"], seen["refused"]) == (MOST_RECORDS + 1, 20)
    refused = await health.refused(seen["hand_over_id"])
    assert {(each["reason"], each["path"]) for each in refused} == {("holder-full", "/data/holder_index")}
    assert len(await credentials_in(database).of_holder("a" * 64)) == MOST_RECORDS


@pytest.mark.parametrize("as_form", [True, False])
async def test_a_table_is_taken_in_by_its_mapping(health: Bureau, database: Database, as_form: bool) -> None:  # noqa: FBT001 - a case
    content = b"\xef\xbb\xbf" + table(30, 全程="也许").encode()
    mapping = orjson.dumps(MAPPING).decode()
    answer = (
        await health.hands_over_a_form(content, mapping)
        if as_form
        else await health.hands_over(content, "text/csv", MAPPING)
    )
    assert answer.status_code == 201, answer.text
    seen = await health.waits(answer.json()["hand_over_id"])
    assert (seen["format"], seen["lines"], seen["stored"], seen["refused"]) == ("csv", 31, 29, 1)
    (refused,) = await health.refused(seen["hand_over_id"])
    assert (refused["line"], refused["path"]) == (3, "/data/fields/complete")
    (found,) = [each for each in await whole(database, "credentials") if each["record"] == "t0"]
    assert found["issues"][0]["content"]["fields"] == values("李0")


NOT_TO_BE_TAKEN_IN: list[tuple[bytes, str, Json | None, int, str]] = [
    (b"", "application/x-ndjson", None, 422, "file-empty"),
    (b"\x1f\x8b", "application/x-ndjson", None, 415, "file-compressed"),
    (b"{}", "application/gzip", None, 415, "hand-over-media-type"),
    (table(1).encode("gb18030"), "text/csv", MAPPING, 422, "file-encoding"),
    (b"a,b\n1,2\n", "text/csv", MAPPING, 422, "columns-missing"),
    (b"a,b\n1,2\n", "text/csv", None, 422, "mapping-missing"),
    (b"a,b\n1,2\n", "text/csv", {"document_type": "vaccination-record"}, 422, "several"),
    (table(1).encode(), "text/csv", MAPPING | {"document_type": "id-card"}, 403, "document-type-not-kept"),
    (table(1).encode(), "text/csv", MAPPING | {"document_type": "x"}, 422, "document-type-unknown"),
]


async def test_a_file_that_can_not_be_taken_in_is_refused_at_once_and_nothing_of_it_stays(
    health: Bureau, database: Database
) -> None:
    for content, media_type, mapping, status, code in NOT_TO_BE_TAKEN_IN:
        answer = await health.hands_over(content, media_type, mapping)
        assert (answer.status_code, answer.json()["code"]) == (status, code), content
        assert await database["hand-over-files.chunks"].count_documents({}) == 0


async def test_a_file_of_which_nothing_is_right_stops_by_itself(health: Bureau) -> None:
    id_ = (await health.hands_over(b"nothing\n" * 2500)).json()["hand_over_id"]
    seen = await health.waits(id_, "paused")
    assert (seen["problem"], seen["refused"]) == ("everything-refused", 1000)
    await health.does("resume", id_)
    assert (await health.waits(id_))["refused"] == 2500


async def test_others_neither_see_nor_touch_it(health: Bureau, settings: Settings) -> None:
    id_ = (await health.hands_over(json_lines([record(1)]))).json()["hand_over_id"]
    async with running(settings) as client:
        civil = Bureau(client, settings.keys, "civil")
        assert (await civil.sees(f"/{id_}")).status_code == 404
        assert (await civil.does("cancel", id_)).status_code == 404
        assert (await civil.sees("")).json()["items"] == []
        nobody = Bureau(client, settings.keys, "nobody")
        assert (await nobody.hands_over(b"{}")).json()["code"] == "unknown-department"
