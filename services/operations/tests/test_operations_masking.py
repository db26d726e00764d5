"""What is personal is neither shown nor found in clear, in any event that the contract knows or does not know."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain import event_masks, tokens
from operations.domain.concerned import concerned, data_of
from operations.domain.contracts import Contracts
from operations.domain.erased import blanked
from operations.domain.event_masks import MASK
from operations.domain.search import Criteria
from operations.domain.tokens import FieldKey
from operations.domain.trail import Recorded
from operations.handlers.dead_letters import letter_of
from operations.store.contracts import contracts_in
from runtime.data_files import DataFileError
from runtime.errors import Refusal
from services.operations.tests.letterbox import EXAMPLES, KEY, NOON, example, raw
from testkit import signers

CONTRACTS = contracts_in(EXAMPLES)
KEYED = FieldKey(KEY, KEY)
NAMES = sorted(path.name.removesuffix(".example.json") for path in EXAMPLES.glob("*.example.json"))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=12,
)


def words(event: dict[str, Any], message: str = "KeyError: 'holder_index'") -> tuple[str, ...]:
    """Return the words by which an event that failed is found."""
    letter = letter_of(raw(event, "a", message=message), NOON, signers.CIPHER)
    return tokens.words_of(letter, event_masks.leaves(event, CONTRACTS), KEYED)


def is_found(event: dict[str, Any], criteria: Criteria, message: str = "KeyError: 'holder_index'") -> bool:
    return set(tokens.wanted(criteria, KEYED)) <= set(words(event, message))


@pytest.mark.parametrize("name", NAMES)
def test_every_personal_value_of_every_released_event_is_masked(name: str) -> None:
    event = example(name)
    hidden = event_masks.personal_texts(event_masks.leaves(event, CONTRACTS))
    shown = orjson.dumps(event_masks.mask_event(event, CONTRACTS)).decode()
    assert all(orjson.dumps(text).decode() not in shown for text in hidden)


def test_an_event_of_a_version_that_is_no_longer_published_is_shown_as_it_ever_was() -> None:
    released = EXAMPLES.parent / "released" / "matcher.match-failed.v1.example.json"
    shown = orjson.dumps(event_masks.mask_event(orjson.loads(released.read_bytes()), CONTRACTS)).decode()
    assert '"requirement":"birth-certificate"' in shown
    assert "李小龙" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_no_personal_value_of_a_released_event_is_among_the_words(name: str) -> None:
    event = example(name)
    leaves = event_masks.leaves(event, CONTRACTS)
    open_texts = " ".join(str(leaf.value) for leaf in leaves if leaf.is_shown)
    personal = event_masks.personal_texts(leaves)
    told = words(event, message=f"failed on {' and '.join(sorted(personal))}")
    for text in personal:
        in_clear = set(tokens.in_text(text)) - set(tokens.in_text(open_texts)) - {"failed", "on", "and"}
        assert not in_clear & (set(told) - set(words(event)))


def test_a_person_s_name_and_address_are_masked_and_the_rest_is_not() -> None:
    masked = event_masks.mask(orjson.dumps(example()), CONTRACTS)
    assert isinstance(masked.content, dict)
    data = masked.content["data"]
    assert (data["name"], data["address"], data["channel"], data["sequence"]) == (MASK, MASK, "window", 1)
    assert masked.content["id"] == example()["id"]
    assert masked.hidden >= 2


def test_everything_under_what_is_personal_is_masked_whatever_it_is() -> None:
    event = example("department.department-record-published.v1", type="health.department-record-published.v1")
    event["data"]["fields"] = {"child_name": "李小华", "complete": True, "months": 3, "parents": ["王芳", None]}
    content = event_masks.mask_event(event, CONTRACTS)
    assert isinstance(content, dict)
    masked = {"child_name": MASK, "complete": MASK, "months": MASK, "parents": [MASK, None]}
    assert content["data"]["fields"] == masked
    assert content["data"]["document_type"] == event["data"]["document_type"]


def test_of_an_unknown_type_no_text_is_shown() -> None:
    event = {"type": "who.knows.v1", "id": "e1", "extra": "王芳", "data": {"name": "李育成", "count": 3, "list": ["x"]}}
    assert event_masks.mask_event(event, CONTRACTS) == {
        "type": "who.knows.v1",
        "id": "e1",
        "extra": MASK,
        "data": {"name": MASK, "count": 3, "list": [MASK]},
    }


def test_what_the_contract_does_not_name_is_masked() -> None:
    event = example()
    event["data"] |= {"nickname": "小李", "name": {"first": "育成"}, "channel": {"secret": "x"}}
    content = event_masks.mask_event(event, CONTRACTS)
    assert isinstance(content, dict)
    assert content["data"]["nickname"] == MASK
    assert content["data"]["name"] == {"first": MASK}
    assert content["data"]["channel"] == {"secret": MASK}


def test_a_message_that_is_not_json_shows_only_its_size() -> None:
    masked = event_masks.mask("李育成 is not JSON".encode(), CONTRACTS)
    assert (masked.content, masked.is_json, masked.size) == (None, False, 21)


def test_references_and_alternatives_of_a_schema_are_followed() -> None:
    person = {"type": "object", "properties": {"name": {"type": "string", "x-personal": True}, "next": {"$ref": "#"}}}
    schema = {
        "$defs": {"Person": person},
        "properties": {
            "who": {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]},
            "all": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
            "code": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "loop": {"$ref": "#/properties/loop"},
            "gone": {"$ref": "#/$defs/Nobody"},
        },
    }
    contracts = Contracts({"a.b.v1": schema})
    data = {"who": {"name": "李"}, "all": [{"name": "王"}], "code": "c", "loop": "x", "gone": "y"}
    assert event_masks.mask_event({"type": "a.b.v1", "data": data}, contracts) == {
        "type": "a.b.v1",
        "data": {"who": {"name": MASK}, "all": [{"name": MASK}], "code": "c", "loop": MASK, "gone": MASK},
    }


@given(JSON)
def test_any_json_can_be_masked_and_keeps_its_form(value: object) -> None:
    masked = event_masks.mask(orjson.dumps(value), CONTRACTS)
    assert masked.is_json
    assert type(masked.content) is type(value) or (isinstance(value, str) and masked.content == MASK)


@given(JSON)
def test_any_data_of_an_unknown_event_yields_no_text(value: object) -> None:
    event = {"type": "who.knows.v1", "data": value}
    told = [leaf for leaf in event_masks.leaves(event, CONTRACTS) if leaf.path != "/type"]
    assert not [leaf for leaf in told if leaf.is_shown and isinstance(leaf.value, str)]


@pytest.mark.parametrize("levels", [90, 500, 1_015])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_a_message_is_read_however_deeply_it_is_nested(levels: int, opens: str, closes: str) -> None:
    event = example()
    inner = f'{opens * levels}"王芳"{closes * levels}'
    body = orjson.dumps(event)[:-2] + f',"more":{inner}}}}}'.encode()

    shown = json.dumps(event_masks.mask(body, CONTRACTS).content, ensure_ascii=False)
    letter = letter_of(raw(body, "a", headers={}), NOON, signers.CIPHER)
    told = tokens.words_of(letter, event_masks.leaves(event_masks.read(body)[0], CONTRACTS), KEYED)

    assert "王芳" not in shown
    assert f"event:{event['id']}" in told
    assert concerned(data_of(event_masks.read(body)[0]))
    assert orjson.loads(blanked(_recorded(body)).body)["id"] == event["id"]


def test_of_an_erased_event_no_attribute_stays_that_is_no_text() -> None:
    deep = b'{"id": "e1", "time": %s, "type": {"name": "x"}, "data": 1}' % (b"[" * 500 + b"]" * 500)
    assert orjson.loads(blanked(_recorded(deep)).body) == {"id": "e1", "data": {}}


def _recorded(body: bytes) -> Recorded:
    return Recorded("e1", "", "", "c1", NOON, 1, None, "", "", body, "")


def test_messages_and_stacks_are_redacted_the_longest_first() -> None:
    assert event_masks.redact("李育成 and 李育", {"李育", "李育成"}) == f"{MASK} and {MASK}"
    assert event_masks.redact("a.c abc", {"a.c"}) == f"{MASK} abc"


def test_a_folder_without_contracts_is_refused(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's own
    with pytest.raises(DataFileError):
        contracts_in(tmp_path)


def test_a_failure_is_found_by_words_of_its_message_and_its_place() -> None:
    event = example()
    for text in ("holder_index", "KeyError", "people.py", "learn_person", "keyerror HOLDER", "  window "):
        assert is_found(event, Criteria(text=text)), text
    assert not is_found(event, Criteria(text="elsewhere"))


def test_chinese_text_is_found_by_any_part_of_two_characters() -> None:
    event = example("review-dispatch.review-rejected.v1")
    message = "地址不符：三棟與3棟，请核对"
    for text in ("地址", "址不符", "请核对", "地址 核对"):
        assert is_found(event, Criteria(text=text), message=message), text
    assert not is_found(event, Criteria(text="核不"), message=message)


def test_an_id_is_found_as_a_whole() -> None:
    event = example()
    assert is_found(event, Criteria(text=event["data"]["resident_id"]))
    assert is_found(event, Criteria(event_id=event["id"]))
    assert not is_found(event, Criteria(text=event["data"]["resident_id"][:-1] + "0"))


def test_a_personal_field_is_found_by_its_value_and_only_as_a_keyed_hash() -> None:
    event = example()
    assert is_found(event, Criteria(fields=("/data/name=李育成",)))
    assert is_found(event, Criteria(fields=("/data/name= 李育成 ", "/data/channel=WINDOW", "/data/sequence=1")))
    assert not is_found(event, Criteria(fields=("/data/name=李育",)))
    assert not is_found(event, Criteria(text="李育成"))
    other = tokens.wanted(Criteria(fields=("/data/name=李育成",)), FieldKey(KEY, bytes(32)))
    assert not set(other) & set(words(event))


def test_a_place_in_a_list_is_any_place_of_it() -> None:
    event = example("department.department-record-published.v1")
    event["data"]["fields"] = {"parents": ["王芳", "李强"]}
    assert is_found(event, Criteria(fields=("/data/fields/parents/0=李强",)))
    assert is_found(event, Criteria(fields=("/data/fields/parents/*=李强",)))


@pytest.mark.parametrize("field", ["data/name=x", "/data/name", ""])
def test_what_is_no_field_is_refused(field: str) -> None:
    with pytest.raises(Refusal) as refused:
        tokens.wanted(Criteria(fields=(field,)), KEYED)
    assert refused.value.code == "bad-field"


@pytest.mark.parametrize("text", ["x", "!!", "2026-11-23"])
def test_a_text_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        tokens.wanted(Criteria(text=text), KEYED)
    assert refused.value.code == "text-too-short"


def test_a_large_body_does_not_fill_the_index() -> None:
    event = example()
    event["data"]["more"] = {f"name{n}": f"value{n}" for n in range(10_000)}
    assert len(words(event)) == tokens.MOST_WORDS


@given(st.text(max_size=60))
def test_any_text_has_words_that_find_it(text: str) -> None:
    for word in tokens.in_text(text):
        assert 0 < len(word) <= 64
