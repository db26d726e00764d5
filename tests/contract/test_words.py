"""What people read in Chinese: one word for one thing (docs/glossary.md), and simplified characters only."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from standards.credential_status import WORDS
from standards.normal_form import simplified

ROOT = Path(__file__).parents[2]
OTHER_WORDS = {
    "电子证照库": r"区电子证照库|区级?证照库|(?<!电子)证照库",
    "申请": r"申办",
    "另一方当事人": r"对方|相对人|第二方|另一方(?!当事人)|另一当事人|当事人另一方",
    "丢弃（故障）": r"弃置|废弃|已放弃|放弃该|撤销放弃|或放弃",
    "故障": r"失败记录|失败分组|该失败|同类失败",
    "上门核实": r"上门核查|入户核查|上门检查",
    "访问记录": r"使用记录|查阅记录|存取记录",
    "消息代理": r"中间件|消息中间",
    "重新投递": r"重投|再投递",
    "审核人员": r"审批员|评审员",
    "退回补正": r"打回|驳回补正",
    "更正": r"订正|勘误",
}
"""The glossary's word, and others that were or might be written for the same thing."""
QUOTED = frozenset("乾")
"""Characters that are spoken of, where simplifying them would change what is said."""

TEXTS = sorted(
    {
        *ROOT.glob("services/*/src/*/texts/zh-CN.yaml"),
        *ROOT.glob("shared/*/src/*/texts/zh-CN.yaml"),
        *ROOT.glob("services/*/src/*/data/**/*.yaml"),
        *(ROOT / "shared" / "contracts").glob("*.yaml"),
    }
)
ENGLISH = sorted({*ROOT.glob("services/*/src/*/texts/en.yaml"), *ROOT.glob("shared/*/src/*/texts/en.yaml")})
PAGES = sorted({*ROOT.glob("services/*/src/**/*.html"), *ROOT.glob("shared/*/src/**/*.html")})
HEADINGS = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/*/README.md"), *ROOT.glob("*/README.md")}
)


def _spoken(path: Path) -> str:
    """Return what a file says without its comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))


def _headings(path: Path) -> str:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if line.startswith("#"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _traditional(text: str) -> set[str]:
    return {each for each in text if each not in QUOTED and simplified(each) != each}


@pytest.mark.parametrize("path", [*TEXTS, *PAGES], ids=_name)
def test_what_people_read_is_in_simplified_characters_and_one_word_for_one_thing(path: Path) -> None:
    said = _spoken(path)
    assert _traditional(said) == set()
    found = {word: re.findall(others, said) for word, others in OTHER_WORDS.items()}
    assert {word: others for word, others in found.items() if others} == {}


@pytest.mark.parametrize("path", HEADINGS, ids=_name)
def test_headings_are_in_simplified_characters(path: Path) -> None:
    assert _traditional(_headings(path)) == set()


def test_the_glossary_has_each_word_that_others_are_kept_out_for() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert [word for word in OTHER_WORDS if word.partition("（")[0] not in glossary] == []


def test_every_service_has_one_name_wherever_it_is_shown() -> None:
    names = yaml.safe_load((ROOT / "shared" / "contracts" / "catalogue.yaml").read_bytes())["publishers"]
    services = {path.name for path in (ROOT / "services").iterdir() if (path / "src").is_dir()}
    known = {code: name for code, name in names.items() if code in services}
    for text, place in (("operations", ("sequence", "lanes")), ("data-rights", ("services",))):
        [path] = (ROOT / "services" / text).glob("src/*/texts/zh-CN.yaml")
        shown = yaml.safe_load(path.read_bytes())
        shown = _at(shown, place[-1])
        assert {code: shown.get(code) for code in known} == known, text


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_department_has_one_name_wherever_it_is_shown(language: str) -> None:
    read = [
        _at(yaml.safe_load(path.read_bytes()), "departments")
        for service in ("review-dispatch", "data-rights")
        for path in (ROOT / "services" / service).glob(f"src/*/texts/{language}.yaml")
    ]
    assert read[0] == read[1]
    topology = tomllib.loads((ROOT / "shared/contracts/topology.toml").read_text(encoding="utf-8"))["departments"]
    kept = {code: each["names"][language] for code, each in topology.items() if code != "city"}
    assert {code: read[0].get(code) for code in kept} == kept
    listed = yaml.safe_load((ROOT / "services/applications/src/applications/data/departments.yaml").read_bytes())
    full = {each["code"]: each["name"][language] for each in listed}  # in a sentence: 民政部门 for 民政
    assert [code for code, name in read[0].items() if re.sub(r"（.*|\s*\(.*", "", name) not in full.get(code, "")] == []


def test_a_detail_of_an_operator_s_action_has_a_name() -> None:
    shown = {"left", "messages", "group", "replay", "cases", "trail", "dead-letters", "edits"}
    for language in ("zh-CN", "en"):
        text = ROOT / f"services/operations/src/operations/texts/{language}.yaml"
        assert shown - set(_at(yaml.safe_load(text.read_bytes()), "details")) == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_status_of_a_credential_has_one_name_and_one_word(language: str) -> None:
    store = ROOT / "services/credential-store/src/credential_store/texts" / f"{language}.yaml"
    shown = ROOT / "services/applications/src/applications/texts" / f"{language}.yaml"
    names = yaml.safe_load(store.read_bytes())["statuses"]
    assert yaml.safe_load(shown.read_bytes())["credentials"] == names
    assert set(names) == set(WORDS)


def _at(tree: object, name: str) -> dict[str, str]:
    """Return the group of texts of that name, wherever it is."""
    if isinstance(tree, dict):
        if isinstance(tree.get(name), dict):
            return dict(tree[name])
        for each in tree.values():
            if found := _at(each, name):
                return found
    return {}


@pytest.mark.parametrize("path", ENGLISH + TEXTS, ids=_name)
def test_nothing_that_people_read_says_that_a_district_assumes_it(path: Path) -> None:
    """That a term or a rule is assumed is said to who adjusts the data, in comments, and not to who is told of it."""
    assert not re.search(r"\(assumed|（假定|（假设", _spoken(path))


def test_both_languages_say_that_a_replay_does_not_wait_for_the_subject() -> None:
    for language, replay in (("zh-CN", "重放"), ("en", "replay")):
        texts = ROOT / "services" / "operations" / "src" / "operations" / "texts" / f"{language}.yaml"
        said = yaml.safe_load(texts.read_text())
        explained = next(part["explained"] for part in said.values() if isinstance(part, dict) and "explained" in part)
        assert replay in explained["subject-unknown"]
