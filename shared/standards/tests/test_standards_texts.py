from __future__ import annotations

import re
from pathlib import Path

from runtime.texts import Texts
from standards import communities

SOURCES = Path(communities.__file__).parent


def test_both_languages_have_the_same_texts() -> None:
    texts = Texts.of("standards")
    assert texts.keys("zh-CN") == texts.keys("en")


def test_every_refusal_has_a_title_a_detail_and_an_action() -> None:
    texts = Texts.of("standards")
    codes = set(re.findall(r'Refusal\("([a-z-]+)"', "".join(path.read_text() for path in SOURCES.glob("*.py"))))
    codes |= {f"credential-identifier-{part}" for part in ("type", "issuer", "serial")}
    assert codes
    for code in codes:
        assert all(texts.has(f"problems.{code}.{part}") for part in ("title", "detail", "action")), code
