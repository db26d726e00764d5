from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import matcher
from matcher.commands.console import MatcherConsole
from matcher.domain.comparison import Result
from matcher.domain.evidence import Source
from runtime.console import language_of
from runtime.texts import Texts

TEXTS = Texts.of("matcher")
FOLDER = Path(matcher.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))


def _found(pattern: str) -> list[str]:
    return sorted({found for source in SOURCES for found in re.findall(pattern, source.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("reason", _found(r'FieldComparison\(\s*"[a-z]+",\s*"([a-z-]+)"'))
def test_every_reason_has_a_text(reason: str) -> None:
    assert TEXTS.has(f"reasons.{reason}")


def test_every_difference_of_addresses_has_a_text() -> None:
    reasons = _found(r'\("([a-z-]+)", (?:True|False)\)|yield "([a-z-]+)"|return "([a-z-]+)", False')
    levels = ("province", "city", "district", "street", "community", "road", "building", "unit", "floor")
    missing = [f"{part}-missing" for part in ("building", "unit", "floor")]
    found = {reason for groups in reasons for reason in groups if reason}
    assert len(found) > 5
    for reason in (*found, *(f"{level}-differs" for level in levels), *missing):
        assert TEXTS.has(f"reasons.{reason}"), reason


def test_every_result_and_source_has_a_name() -> None:
    names = [f"results.{result}" for result in get_args(Result)] + [f"sources.{source}" for source in get_args(Source)]
    for key in names:
        assert TEXTS.has(key), key


@pytest.mark.parametrize(
    "key", _found(r'(?:say|text|progress)\(\s*"([a-z.-]+)"') + _found(r'RefusedError\("([a-z.-]+)"')
)
def test_everything_that_a_command_says_has_a_text(key: str) -> None:
    assert TEXTS.has(f"commands.{key}")


@pytest.mark.parametrize("reason", _found(r'Bad\("([a-z-]+)"'))
def test_every_reason_for_a_bad_line_has_a_text(reason: str) -> None:
    assert TEXTS.has(f"commands.load.reasons.{reason}")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh-CN"),
        ({"LANG": "C.UTF-8"}, "zh-CN"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "YIZHENG_LANG": "zh"}, "zh-CN"),
    ],
)
def test_commands_speak_the_operators_language(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_a_command_speaks_chinese_unless_told_otherwise() -> None:
    assert MatcherConsole("zh-CN").text("rebuild.begins") == "开始重建"
