"""Texts and addresses of files that a template names are compiled into it, each language's into its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from jinja2 import Environment

from portal.frame.template_pages import environments
from runtime.texts import LANGUAGES, Language, Texts

TEXTS = """hello: {hello}
{place}: "{hello} {{name}}"
other: "<b>"
"""


@pytest.fixture
def made(tmp_path: Path) -> Mapping[Language, Environment]:
    """Make the environments of one folder, whose template is `x/page.html`."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "templates").mkdir()
    for language, hello in (("zh-CN", "您好"), ("en", "Hello")):
        said = TEXTS.format(hello=hello, place="named")
        (tmp_path / "texts" / f"{language}.yaml").write_text(said, encoding="utf-8")
    return environments([("x", tmp_path)], Texts(tmp_path / "texts"))


def shown(made: Mapping[Language, Environment], folder: Path, source: str, **values: object) -> list[str]:
    """Return what a template shows in each language, where a text that is looked up says so."""
    (folder / "templates" / "page.html").write_text(source, encoding="utf-8")

    def t(key: str, **params: object) -> str:
        return f"[{key} {params}]" if params else f"[{key}]"

    return [made[each].get_template("x/page.html").render(t=t, **values) for each in LANGUAGES]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{ t("hello") }}', ["您好", "Hello"]),
        ('{{ t("other") }}', ["&lt;b&gt;", "&lt;b&gt;"]),
        ('{% set it = t("other") %}{{ it }}', ["&lt;b&gt;", "&lt;b&gt;"]),
        ('{{ t("hello" if yes else "other") }}', ["您好", "Hello"]),
        ('{{ t("named", name="<i>") }}', ["[named {&#39;name&#39;: &#39;&lt;i&gt;&#39;}]"] * 2),
        ('{{ t("hel" ~ "lo" ~ end) }}', ["[hello]", "[hello]"]),
    ],
)
def test_what_a_template_names_is_compiled_and_the_rest_is_looked_up(
    made: Mapping[Language, Environment], tmp_path: Path, source: str, expected: list[str]
) -> None:
    assert shown(made, tmp_path, source, yes=True, end="") == expected


def test_a_text_that_there_is_not_is_an_error(made: Mapping[Language, Environment], tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        shown(made, tmp_path, '{{ t("nothing") }}')
