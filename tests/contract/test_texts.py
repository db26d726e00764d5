"""What people read is there in both languages and says the same; no refusal lacks its words, no words their refusal."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from local_stack.layout import ROOT
from runtime.texts import Texts
from standards.field_kinds import FieldKind

FOLDERS = sorted(
    path.parent for root in ("services", "shared", "tests") for path in (ROOT / root).glob("**/texts/zh-CN.yaml")
)
SHARED = [ROOT / "shared" / name / "src" / name / "texts" for name in ("runtime", "standards", "records")]
REFUSING = [path for path in FOLDERS if path.parts[-3] == "src" and path.parent.name not in {"runtime", "conformance"}]
"""What stands in runtime is refused by others; a check of messages refuses nothing."""
REFUSED = re.compile(
    r'\b(?:Refusal|Conflict|NotFound|NotAllowed|TooLarge|Unsupported|PreconditionFailed|TooMany)\(\s*"([a-z-]+)"'
    r"((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)"  # whatever it is given, with brackets in brackets
)
CODE_BEGINS = re.compile(r'f"([a-z-]+-)\{')
RULES = ("age-at-least", "age-at-most", "registered-in", "not-registered-in", "registered-unclear", "guardian")
PUT_TOGETHER = {
    "applications": {f"not-eligible-{rule}" for rule in RULES},
    "data_rights": {
        *("export-gathering", "export-ended", "erasure-previewing", "erasure-lapsed", "erasure-confirmed"),
        *(f"value-not-{kind}" for kind in get_args(FieldKind) if kind != "key"),
    },
    "review_dispatch": {
        *("community-of-others", "department-of-others"),
        *(f"task-cancelled-{cause}" for cause in ("withdrawn", "rejected", "superseded")),
        *(f"task-already-{status}" for status in ("approved", "rejected", "returned", "answered")),
        *(f"approval-field-not-{kind}" for kind in get_args(FieldKind) if kind != "key"),
    },
    "standards": {f"credential-identifier-{part}" for part in ("type", "issuer", "serial")},
}
"""Codes that stand nowhere as a whole."""


def _name(folder: Path) -> str:
    return str(folder.parent.relative_to(ROOT))


def _places(text: str) -> set[str]:
    return {name.removesuffix("_en") for _, name, _, _ in Formatter().parse(text) if name} - {"error"}


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_both_languages_have_the_same_texts_with_the_same_places(folder: Path) -> None:
    texts = Texts(folder)
    assert texts.keys("zh-CN") == texts.keys("en")
    for key in texts.keys("en"):
        assert _places(texts.raw("zh-CN", key)) == _places(texts.raw("en", key)), key


@pytest.mark.parametrize("folder", [*REFUSING, SHARED[0]], ids=_name)
def test_every_refusal_has_a_title_a_detail_and_an_action_and_none_is_left_over(folder: Path) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in folder.parent.rglob("*.py"))
    texts, put_together = Texts(*SHARED, folder), PUT_TOGETHER.get(folder.parent.name, set())
    refused = {one: given for one, given in REFUSED.findall(code) if "**" not in given}
    written = {key.split(".")[1] for key in Texts(folder).keys("en") if key.startswith("problems.")}
    parts = ("title", "detail", "action")
    keys = [f"problems.{one}.{part}" for one in {*refused, *written, *put_together} for part in parts]
    assert [key for key in keys if not texts.has(key)] == []
    for one, given in refused.items():
        places = {place for part in parts for place in _places(texts.raw("en", f"problems.{one}.{part}"))}
        assert places <= set(re.findall(r"(\w+)=", given)) - {"field"}, one
    if folder in REFUSING:
        begins = (*CODE_BEGINS.findall(code), "none begins so")
        said = {one for one in written if f'"{one}"' in code or one.startswith(begins)}
        assert written - said - put_together == set()
