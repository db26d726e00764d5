from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.app import texts_of_all
from portal.frame.template_pages import FRAME
from portal.places import PLACES
from web.auth import Role

FOLDERS = [FRAME, *(each.folder for each in PLACES)]
TEMPLATES = [path for folder in FOLDERS for path in sorted((folder / "templates").glob("*.html"))]
MODULES = [path for folder in FOLDERS for path in sorted(folder.glob("*.py"))]
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.parametrize("path", [*TEMPLATES, *MODULES], ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_every_text_that_is_named_is_there_and_none_stands_in_the_page_itself(path: Path) -> None:
    texts, source = texts_of_all(), path.read_text(encoding="utf-8")
    for key in re.findall(r'\bt\("([a-z0-9.-]+)"[,)]', source):
        assert texts.has(key), key
    assert not CHINESE.search(source)


def test_every_place_has_a_name_and_a_word_for_each_part_of_its_navigation() -> None:
    texts = texts_of_all()
    for place in PLACES:
        assert texts.has(f"{place.name}.name")
        assert all(texts.has(f"{place.name}.navigation.{key}") for key, _ in place.navigation)


def test_every_role_has_a_home() -> None:
    homes = {role: [place.root for place in PLACES if role in place.roles] for role in Role}
    assert all(len(roots) <= 1 for roots in homes.values())
    assert homes[Role.RESIDENT] == ["/"]
