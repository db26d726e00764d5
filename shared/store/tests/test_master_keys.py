from __future__ import annotations

import base64
from pathlib import Path

import pytest

from local_stack.keys import new_store_key
from runtime.data_files import DataFileError
from store import master_keys

KMS = """
provider: aws:north
credentials: {accessKeyId: a, secretAccessKey: s}
master_key: {region: cn-north-1, key: "arn:aws-cn:kms:cn-north-1:1:key/1"}
"""


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_first_key_wraps_and_all_of_them_open(tmp_path: Path) -> None:
    new, old = new_store_key(), new_store_key()
    written(tmp_path / "store.key", new + b"\n" + old)

    found = master_keys.read(tmp_path, None)

    assert found.newest == master_keys.provider(base64.b64decode(new))
    assert list(found.providers) == [found.newest, master_keys.provider(base64.b64decode(old))]
    assert base64.b64decode(new) not in repr(found).encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "store.key:1: there is no key"),
        (b"nonsense!\n", "store.key:1: a key is 96 bytes in base64"),
        (new_store_key() + b"c2hvcnQ=\n", "store.key:2: a key has 96 bytes, this one has 5"),
        (b"\xff\n", "store.key:1: the master keys of the store can't be read"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, content: bytes, told: str) -> None:
    written(tmp_path / "store.key", content)
    with pytest.raises(DataFileError) as raised:
        master_keys.read(tmp_path, None)
    assert told in str(raised.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"store\.key:1: "):
        master_keys.read(tmp_path, None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    written(tmp_path / "store.key", new_store_key(), mode)
    with pytest.raises(DataFileError, match="chmod 600"):
        master_keys.read(tmp_path, None)


def test_a_containers_secret_may_be_readable_but_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_keys, "MOUNTED", tmp_path)
    written(tmp_path / "store.key", new_store_key(), 0o444)
    assert master_keys.read(tmp_path, None).newest.startswith("local:")
    written(tmp_path / "store.key", new_store_key(), 0o646)
    with pytest.raises(DataFileError):
        master_keys.read(tmp_path, None)


def test_a_key_management_service_wraps_and_the_file_still_opens(tmp_path: Path) -> None:
    written(tmp_path / "store.key", new_store_key())
    kms = written(tmp_path / "kms.yaml", KMS.encode())

    found = master_keys.read(tmp_path, kms)

    assert (found.newest, len(found.providers)) == ("aws:north", 2)
    assert found.master_key == {"region": "cn-north-1", "key": "arn:aws-cn:kms:cn-north-1:1:key/1"}
    (tmp_path / "store.key").unlink()
    assert list(master_keys.read(tmp_path, kms).providers) == ["aws:north"]


def test_a_wrong_description_of_a_key_management_service_names_its_line(tmp_path: Path) -> None:
    kms = written(tmp_path / "kms.yaml", KMS.replace("aws:north", "vault").encode())
    with pytest.raises(DataFileError, match=r"kms\.yaml:2: provider"):
        master_keys.read(tmp_path, kms)


def test_the_command_names_the_keys_and_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = new_store_key(), new_store_key()
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    assert master_keys.main() == 78
    written(tmp_path / "store.key", new + old)
    assert master_keys.main() == 0
    names = [master_keys.provider(base64.b64decode(key)) for key in (new, old)]
    assert capsys.readouterr().out.split() == names
