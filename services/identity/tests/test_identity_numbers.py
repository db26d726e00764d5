from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from identity.store.numbers import NumberVault
from runtime.blind_index import BlindIndex
from runtime.data_files import DataFileError

INDEX = BlindIndex(b"k" * 32)
NUMBER = "440309199001010013"


def vault(path: Path, *keys: bytes) -> NumberVault:
    path.write_bytes(b"\n".join(keys) + b"\n")
    return NumberVault.open(path, INDEX)


def test_a_sealed_number_shows_nothing_and_is_never_sealed_alike(tmp_path: Path) -> None:
    sealing = vault(tmp_path / "number.key", Fernet.generate_key())
    one, other = sealing.seal(NUMBER), sealing.seal(NUMBER)
    assert one != other
    assert NUMBER not in one
    assert sealing.masked(one) == sealing.masked(other) == "4****************3"


def test_the_index_of_a_number_is_always_the_same(tmp_path: Path) -> None:
    keys = [Fernet.generate_key(), Fernet.generate_key()]
    assert len({vault(tmp_path / "number.key", key).index(NUMBER) for key in keys}) == 1


def test_a_new_key_put_first_still_reads_what_the_old_one_sealed(tmp_path: Path) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    sealed = vault(tmp_path / "number.key", old).seal(NUMBER)
    assert vault(tmp_path / "number.key", new, old).masked(sealed) == "4****************3"
    with pytest.raises(InvalidToken):
        vault(tmp_path / "number.key", new).masked(sealed)


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    assert key.decode() not in repr(vault(tmp_path / "number.key", key))


@pytest.mark.parametrize(("content", "line"), [(b"", 1), (b"\n\n", 1), (b"too-short\n", 1), (b"\xff\n", 1)])
def test_a_file_without_a_usable_key_is_named_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "number.key"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=rf"number\.key:{line}: "):
        NumberVault.open(path, INDEX)


def test_a_second_key_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"number\.key:2: "):
        vault(tmp_path / "number.key", Fernet.generate_key(), b"nonsense")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"number\.key:1: "):
        NumberVault.open(tmp_path / "number.key", INDEX)
