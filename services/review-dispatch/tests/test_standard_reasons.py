"""Standard reasons: listed as data, named in a decision, said in both languages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from review_dispatch.config import Settings, load_district
from review_dispatch.domain.standard_reasons import DecisionReasons
from review_dispatch.domain.task import Task
from runtime.data_files import DataFileError
from standards.document_types import by_type
from task_window import DISTRICT, Window, decision, door, opened, review, told

FOLDER = Settings().data


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


@pytest.mark.parametrize("document_type", [*by_type()])
def test_every_document_type_has_reasons_for_each_decision(document_type: str) -> None:
    reasons = DISTRICT.reasons.of_document(document_type)
    assert all(reasons.of(deed) for deed in ("approval", "rejection", "return"))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{code: lives-here, text: {zh-CN: 本人在此居住}}", "en"),
        ("{code: lives-here, text: {zh-CN: 。, en: Yes}}", "zh-CN"),
        ("{code: Lives, text: {zh-CN: 住, en: Lives here}}", "code"),
        ("{code: neighbours-confirm, text: {zh-CN: 住, en: Lives here}}", "named twice: neighbours-confirm"),
    ],
)
def test_a_fault_in_the_list_names_file_and_line(tmp_path: Path, line: str, fault: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(FOLDER, folder)
    path = folder / "standard_reasons.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(number for number, each in enumerate(lines) if "code: lives-here" in each)
    lines[place] = f"    - {line}"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataFileError, match=fault) as failed:
        load_district(folder)
    assert str(failed.value).startswith(f"{path}:")


async def test_a_task_lists_its_own_reasons_in_the_readers_language(window: Window) -> None:
    task = window.keep(review("portrait-photo"))
    shown = (await window.ask("operator", "GET", f"/{task.id}")).json()["standard_reasons"]
    assert [each["code"] for each in shown["return"]][:2] == ["photo-background", "face-covered"]
    assert shown["return"][0] == {
        "code": "photo-background",
        "text": "Please hand in a photo with a white background",
        "field": "scans",
    }
    chinese = await window.ask("operator", "GET", f"/{task.id}", **{"Accept-Language": "zh"})
    assert chinese.json()["standard_reasons"]["approval"][0]["text"] == "已核对原件，内容一致"


@pytest.mark.parametrize(
    ("deed", "body", "published", "text"),
    [
        ("rejection", {"standard_reason": "not-genuine"}, "reason", ""),
        ("rejection", {"standard_reason": "not-genuine", "reason": "医院已出具说明"}, "reason", "医院已出具说明"),
        ("return", {"standard_reason": "scan-unreadable", "field": "scans"}, "message", ""),
        ("return", {"standard_reason": "scan-unreadable", "field": "scans", "message": "第2页"}, "message", "第2页"),
    ],
)
async def test_the_applicant_is_told_the_reason_in_both_languages_and_what_was_written(
    window: Window, deed: str, body: dict[str, str], published: str, text: str
) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    answer = await window.ask("wang", "POST", f"/{task.id}/{deed}", body)
    assert answer.status_code == 200
    [fact] = window.facts()
    event = fact.model_dump()
    listed = _reasons(task)
    [reason] = [each for each in (*listed.rejection, *listed.correction) if each.code == body["standard_reason"]]
    assert event["standard_reason"] == reason.code
    behind = f"。{text}" if text else "", f". {text}" if text else ""
    assert event["texts"] == {"zh-CN": reason.text.zh_cn + behind[0], "en": reason.text.en + behind[1]}
    assert event[published] == event["texts"]["zh-CN"]
    step = answer.json()["steps"][-1]
    assert step["standard_reason"] == {"code": reason.code, "name": reason.text.en}


async def test_an_approval_a_door_and_a_decision_may_name_one(window: Window) -> None:
    seen, checked, decided = (window.keep(each) for each in (review(), door(), decision()))
    for who, task, code in (
        ("wang", seen, "original-seen"),
        ("grid", checked, "lives-here"),
        ("edu", decided, "conditions-met"),
    ):
        await window.claim(who, task)
        answer = await window.ask(who, "POST", f"/{task.id}/approval", {"standard_reason": code})
        assert answer.status_code == 200
    approved, _, passed, made = (fact.model_dump() for fact in window.facts())
    assert approved["approvals"][0]["standard_reason"] == "original-seen"
    assert approved["approvals"][0]["note"] == "已核对原件，内容一致"
    assert (passed["standard_reason"], passed["note"]) == ("lives-here", "本人在此居住")
    assert (made["standard_reason"], made["texts"]["en"]) == ("conditions-met", "The conditions are met")


@pytest.mark.parametrize(
    ("deed", "body", "refusal", "pointer"),
    [
        ("rejection", {}, "reason-needed", "#/reason"),
        ("return", {"field": "scans"}, "reason-needed", "#/message"),
        ("rejection", {"standard_reason": "scan-unreadable"}, "standard-reason-unknown", "#/standard_reason"),
        ("rejection", {"standard_reason": "no-place-left"}, "standard-reason-unknown", "#/standard_reason"),
        ("approval", {"standard_reason": "lives-here"}, "standard-reason-unknown", "#/standard_reason"),
    ],
)
async def test_what_says_nothing_or_names_no_reason_of_this_work_is_refused(
    window: Window, deed: str, body: dict[str, str], refusal: str, pointer: str
) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    refused = await window.ask("wang", "POST", f"/{task.id}/{deed}", body)
    assert told(refused) == (422, refusal)
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert window.types() == []


def _reasons(task: Task) -> DecisionReasons:
    assert task.document_type is not None
    return DISTRICT.reasons.of_document(task.document_type)
