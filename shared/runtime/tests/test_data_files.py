from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from runtime.data_files import DataFileError, load, load_folder


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: str
    size: int


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str
    parts: list[Part]


GOOD = """\
code: a
parts:
  - key: one
    size: 1
"""


def written(folder: Path, text: str, name: str = "item.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD), Whole) == Whole(code="a", parts=[Part(key="one", size=1)])


def test_a_wrong_value_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("size: 1", "size: many"))

    with pytest.raises(DataFileError, match=r"item\.yaml:4: parts\.0\.size: "):
        load(path, Whole)


def test_a_missing_key_is_named_at_the_line_of_what_lacks_it(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("    size: 1\n", ""))

    with pytest.raises(DataFileError, match=r"item\.yaml:3: parts\.0\.size: Field required"):
        load(path, Whole)


def test_an_unknown_key_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "colour: red\n")

    with pytest.raises(DataFileError, match=r"item\.yaml:5: colour: "):
        load(path, Whole)


def test_what_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "code: a\nparts: [1, 2\n")

    with pytest.raises(DataFileError, match=r"item\.yaml:\d+: not YAML"):
        load(path, Whole)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"gone\.yaml:1: can't be read"):
        load(tmp_path / "gone.yaml", Whole)


def test_all_faults_of_a_folder_are_reported_together(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "good.yaml")
    written(tmp_path, "code: 1\n", "bad.yaml")
    written(tmp_path, "parts: 3\n", "worse.yaml")

    with pytest.raises(DataFileError) as caught:
        load_folder(tmp_path, Whole)

    assert {line.split(":")[0].rpartition("/")[2] for line in str(caught.value).splitlines()} == {
        "bad.yaml",
        "worse.yaml",
    }
