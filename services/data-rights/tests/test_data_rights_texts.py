from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from bus import topology
from data_rights.api.labels import TEXTS
from data_rights.config import Settings
from data_rights.domain.correctable import REGISTRATION, Correctables
from data_rights.domain.correction import Effect, WindowState
from data_rights.domain.correction import State as CorrectionState
from data_rights.domain.dispute import State
from data_rights.domain.erasure import State as ErasureState
from data_rights.domain.export import State as ExportState
from data_rights.domain.verification import Problem
from data_rights.events import ExportRequested
from privacy.access_log import HOWS, WHATS
from runtime.data_files import load
from runtime.errors import Refusal
from runtime.texts import LANGUAGES
from standards.document_types import by_type
from standards.field_kinds import Value

TOPOLOGY = topology.load(Path(__file__).parents[3] / "shared" / "contracts" / "topology.toml")


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
    correctables = load(Settings().correctable, Correctables)
    for code in (REGISTRATION, *by_type()):
        document = correctables.of(code)
        keys += [f"documents.{code}", f"departments.{document.keeper}"]
        keys += [f"fields.{code}.{name}" for name in document.fields]

    assert [(language, key) for language in LANGUAGES for key in keys if not TEXTS.has(key)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_correction_calls_every_field_by_its_name(language: str) -> None:
    known = load(Settings().correctable, Correctables)
    for document_type in (REGISTRATION, *by_type()):
        fields = known.of(document_type).fields
        wrong: list[tuple[str, Value]] = [("colour", "x"), *((field, -1) for field in fields)]
        for field, value in wrong:
            with pytest.raises(Refusal) as refused:
                known.check(document_type, field, value)
            said = TEXTS.say(language, f"problems.{refused.value.code}.detail", **refused.value.params)
            assert not re.search(r"[a-z]_[a-z]|fields", said), said
