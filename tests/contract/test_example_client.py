"""The department's client of the documents reads its file as the product reads one; it needs nothing to run here."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from credential_store.domain.lines import LineWindow, json_lines
from local_stack.layout import ROOT
from records.person_encryption import PRIVATE_KEYS, PUBLIC_KEYS, Binding, PrivateKeys
from testkit.persons import key_folder

DATA = ROOT / "tests" / "end_to_end" / "data"
RIGHT = {"record_id": "x-1", "document_type": "vaccination-record", "number": "440309202002290031", "sequence": 1}


def load() -> ModuleType:
    """Import the example as it stands."""
    spec = importlib.util.spec_from_file_location("department", ROOT / "docs" / "examples" / "department.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLIENT = load()
KEY = json.loads((key_folder() / PUBLIC_KEYS).read_bytes())["keys"][0]


@pytest.mark.parametrize("name", ["u2028", "bom", "blank-line"])
def test_a_line_of_a_file_is_one_record(name: str) -> None:
    ((_, line),) = CLIENT.lines_of((DATA / f"{name}.jsonl").read_bytes())
    assert CLIENT.record_of(line) == json.loads((DATA / f"{name}.jsonl").read_text("utf-8-sig").strip("\n"))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], include_characters="\u2028\u2029\x85\x0b\x0c\x1c\r\ufeff"))
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n \r\n"])


@given(st.lists(st.tuples(TEXTS, ENDS), max_size=6), st.booleans())
def test_the_client_and_the_product_find_the_same_records(texts: list[tuple[str, str]], has_mark: bool) -> None:  # noqa: FBT001 - a case
    records = [{**RIGHT, "fields": {"child_name": text}} for text, _ in texts]
    written = "".join(
        json.dumps(record, ensure_ascii=False) + end for record, (_, end) in zip(records, texts, strict=True)
    )
    content = (("\ufeff" if has_mark else "") + written).encode()

    by_the_client = [(number, CLIENT.record_of(line)) for number, line in CLIENT.lines_of(content)]
    taken = [(line.number, line.said) for line in json_lines(LineWindow(content, 0, 0, is_last=True))]
    by_the_product = [(number, orjson.loads(said)) for number, said in taken if isinstance(said, bytes)]

    assert by_the_client == by_the_product
    assert [record for _, record in by_the_client] == records


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        b'{"a": ' + b"1" * 5000 + b"}",
        json.dumps({**RIGHT, "number": 440309202002290031}).encode(),
        json.dumps({**RIGHT, "number": "\ud800"}).encode(),
        json.dumps({**RIGHT, "sequence": float("nan")}).encode(),
        json.dumps(RIGHT).encode().replace(b'"sequence"', b'"record_id"'),
        json.dumps(RIGHT).encode().replace(b"}", b', "sequence": 2}'),
    ],
)
def test_a_line_that_is_no_record_is_told_and_repeats_nothing(line: bytes) -> None:
    with pytest.raises(CLIENT.RecordError) as caught:
        CLIENT.record_of(line)
    assert "440309" not in str(caught.value)


@given(st.binary(max_size=60))
def test_no_bytes_whatever_stop_the_client(content: bytes) -> None:
    for _, line in CLIENT.lines_of(content):
        with pytest.raises(CLIENT.RecordError):
            CLIENT.record_of(line)


def test_a_record_is_kept_once_and_other_content_under_its_sequence_is_told(tmp_path: Path) -> None:
    outbox = CLIENT.Outbox(str(tmp_path / "outbox.sqlite"), Ed25519PrivateKey.generate())
    right, other = {**RIGHT, "fields": {}}, {**RIGHT, "fields": {"a": 1}}
    for _ in range(2):
        outbox.put(right, CLIENT.event_of(right, "health", KEY))
    assert len(outbox.waiting()) == 1
    with pytest.raises(CLIENT.RecordError):
        outbox.put(other, CLIENT.event_of(other, "health", KEY))


@pytest.mark.parametrize("more", [{"fields": {"child_name": "李小龙"}}, {"withdrawn": "李小龙 moved"}])
def test_what_describes_a_person_leaves_it_only_as_the_district_can_open_it(more: dict[str, object]) -> None:
    event = CLIENT.event_of({**RIGHT, **more, "record_id": "记录" * 100}, "health", KEY)
    assert not re.search(r"440309|李小龙|\\u674e", json.dumps(event, ensure_ascii=False))
    binding = Binding(event["source"], event["type"], event["data"]["record_id"])
    opened = PrivateKeys(key_folder() / PRIVATE_KEYS).decrypt(event["data"]["person"], binding)
    within = {"reason": more["withdrawn"]} if "withdrawn" in more else more
    assert opened == {"number": RIGHT["number"], **within}


@pytest.mark.parametrize("file", sorted((ROOT / "docs" / "examples").glob("*.jsonl")))
def test_every_line_of_the_examples_is_a_record(file: Path) -> None:
    assert [CLIENT.record_of(line) for _, line in CLIENT.lines_of(file.read_bytes())]
