from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import data_rights
from data_rights.config import Settings
from data_rights.domain.correctable import REGISTRATION, Correctables
from data_rights.domain.correction import Effect, WindowState
from data_rights.domain.correction import State as CorrectionState
from data_rights.domain.dispute import State
from data_rights.domain.erasure import State as ErasureState
from data_rights.domain.export import State as ExportState
from data_rights.domain.verifying import Problem
from data_rights.published import ExportRequested
from messaging import topology
from runtime.accesses import HOWS, WHATS
from runtime.data_files import load
from runtime.refusal import Refusal
from runtime.texts import LANGUAGES, Texts
from standards.field_kinds import FieldKind, Value

SOURCES = Path(data_rights.__file__).parent
TEXTS = Texts.of("data_rights")
TOPOLOGY = topology.load(Path(__file__).parents[3] / "shared" / "contracts" / "topology.toml")


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS.keys("zh-CN") == TEXTS.keys("en")


def test_every_refusal_has_a_title_a_detail_and_an_action_and_no_text_is_left_over() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    refused = set(re.findall(r'(?:Refusal|Clash|Unknown|NotAllowed)\(\s*"([a-z-]+)"', code))
    written = {key.split(".")[1] for key in TEXTS.keys("en") if key.startswith("problems.")}

    states = {f"export-{state}" for state in ("gathering", "ended")}
    states |= {f"erasure-{state}" for state in ("previewing", "lapsed", "confirmed")}
    kinds = {f"value-not-{kind}" for kind in get_args(FieldKind) if kind != "key"}
    assert refused | states | kinds == written
    assert all(TEXTS.has(f"problems.{one}.{part}") for one in written for part in ("title", "detail", "action"))


def test_whatever_may_be_done_with_data_and_whatever_may_be_wrong_has_a_text() -> None:
    keys = [f"hows.{how}" for how in (*HOWS, "matched", "disputed")] + [f"whats.{what}" for what in (*WHATS, "access")]
    keys += [f"commands.verify.problems.{problem}" for problem in get_args(Problem)]

    keys += [f"export-states.{state}" for state in get_args(ExportState)]
    keys += [f"erasure-states.{state}" for state in get_args(ErasureState)]
    keys += [f"services.{name}" for name in ("data-rights", *TOPOLOGY.subscriptions[ExportRequested.type])]
    keys += [f"dispute-states.{state}" for state in get_args(State)]
    keys += [f"correction-states.{state}" for state in get_args(CorrectionState)]
    keys += [f"correction-effects.{effect}" for effect in get_args(Effect)]
    keys += [f"{group}.{state}" for group in ("window-states", "window-texts") for state in get_args(WindowState)]
    correctables = load(Settings().documents, Correctables)
    keys += [f"documents.{code}" for code in (REGISTRATION, *correctables.documents)]
    for document in map(correctables.of, (REGISTRATION, *correctables.documents)):
        keys += [f"departments.{document.kept_by}", *(f"fields.{name}" for name in document.fields)]

    assert [(language, key) for language in LANGUAGES for key in keys if not TEXTS.has(key)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_correction_calls_every_field_by_its_name(language: str) -> None:
    known = load(SOURCES / "data" / "documents.yaml", Correctables)
    for document_type in (REGISTRATION, *known.documents):
        fields = known.of(document_type).fields
        wrong: list[tuple[str, Value]] = [("colour", "x"), *((field, -1) for field in fields)]
        for field, value in wrong:
            with pytest.raises(Refusal) as refused:
                known.check(document_type, field, value)
            said = TEXTS.say(language, f"problems.{refused.value.code}.detail", **refused.value.params)
            assert not re.search(r"[a-z]_[a-z]|fields", said), said
