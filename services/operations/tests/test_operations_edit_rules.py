from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.contracts import Contracts
from operations.domain.diff import CHANGED, Diff, compare, differences
from operations.domain.edit import Became, Edit
from operations.domain.event_correction import correct_body, correct_data, restore
from operations.domain.event_masks import MASK, mask_event
from operations.domain.items import Fate
from runtime.errors import Conflict, NotAllowed, Refusal, Refusals

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TYPE = "health.department-record-published.v1"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["record_id", "sequence", "name"],
    "properties": {
        "record_id": {"type": "string"},
        "sequence": {"type": "integer", "minimum": 1},
        "name": {"type": "string", "x-personal": True},
        "parents": {"type": "array", "items": {"type": "string"}, "x-personal": True},
    },
}
CONTRACTS = Contracts({"department.department-record-published.v1": SCHEMA})
DATA = {"record_id": "r1", "sequence": "two", "name": "李小雨", "parents": ["李育成", "王芳"]}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/yizheng/health",
    "type": TYPE,
    "time": "2026-11-23T02:00:00Z",
    "correlationid": "holder-1",
    "data": DATA,
}


def test_what_is_masked_comes_back_from_the_original() -> None:
    shown = mask_event(EVENT, CONTRACTS)
    assert isinstance(shown, dict)
    edited = {**shown["data"], "sequence": 2}
    assert correct_data(EVENT, edited, CONTRACTS).event["data"] == {**DATA, "sequence": 2}


def test_a_masked_member_that_is_renamed_takes_its_value_along() -> None:
    called = {"record_id": "r1", "sequence": 2, "called": "李小雨", "parents": ["李育成"]}
    renamed = {"record_id": "r1", "sequence": 2, "name": MASK, "parents": [MASK]}
    assert correct_data({**EVENT, "data": called}, renamed, CONTRACTS).event["data"] == {
        "record_id": "r1", "sequence": 2, "name": "李小雨", "parents": ["李育成"]
    }  # fmt: skip
    with pytest.raises(Refusal, match="placeholder-without-original"):  # which of two it was can't be told
        correct_data({**EVENT, "data": {**called, "alias": "小雨"}}, renamed, CONTRACTS)


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ({**DATA, "sequence": 2, "parents": [MASK]}, "placeholder-in-changed-list", "/data/parents"),
        ({**DATA, "sequence": 2, "nickname": MASK}, "placeholder-without-original", "/data/nickname"),
    ],
)
def test_a_placeholder_that_could_mean_another_value_is_refused(data: object, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        correct_data(EVENT, data, CONTRACTS)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_every_fault_is_told_with_its_place_and_without_the_value() -> None:
    data = {"record_id": 5, "sequence": 0, "ward/room": "3"}
    with pytest.raises(Refusals) as refused:
        correct_data(EVENT, data, CONTRACTS)
    told = {(each.field, each.params["rule"]) for each in refused.value.refusals}
    assert told == {
        ("/data/ward~1room", "web.expected.extra"),
        ("/data/name", "web.expected.missing"),
        ("/data/record_id", "web.expected.string"),
        ("/data/sequence", "web.expected.least"),
    }


def test_a_type_that_nobody_promised_can_not_be_sent() -> None:
    with pytest.raises(Refusal, match="schema-unknown"):
        correct_data({**EVENT, "type": "health.unheard-of.v1"}, DATA, CONTRACTS)


def test_a_readable_event_stays_its_publishers_event() -> None:
    forged = {**EVENT, "source": "/yizheng/psb", "correlationid": "holder-2", "data": {**DATA, "sequence": 2}}
    with pytest.raises(Refusals) as refused:
        correct_body(EVENT, forged, CONTRACTS, is_sound=True)
    assert [each.field for each in refused.value.refusals] == ["/source", "/correlationid"]


def test_what_was_no_event_can_be_replaced_by_a_whole_one() -> None:
    whole = {**EVENT, "data": {**DATA, "sequence": 2}}
    assert correct_body(None, whole, CONTRACTS, is_sound=False).event_type == TYPE


@pytest.mark.parametrize("body", [None, 5, "text", [EVENT]])
def test_an_edit_is_an_event(body: object) -> None:
    with pytest.raises(Refusal, match="edit-is-no-event"):
        correct_body(None, body, CONTRACTS, is_sound=False)


def test_the_difference_shows_where_and_nothing_personal() -> None:
    diff = compare(EVENT, {**EVENT, "id": "e2", "data": {**DATA, "sequence": 2, "name": "李小宇"}}, CONTRACTS)
    assert diff.changed == ("/id", "/data/sequence", "/data/name")
    shown = "\n".join(diff.lines)
    assert f'+    "name": "{CHANGED}"' in shown
    assert '-    "sequence": "two"' in shown
    assert not any(secret in shown for secret in ("李小雨", "李小宇", "李育成"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON)
def test_two_values_differ_somewhere_exactly_when_they_are_not_the_same(one: object, other: object) -> None:
    found = list(differences(one, other))
    assert bool(found) == (repr(one) != repr(other) and not _same(one, other))


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


@given(JSON.filter(lambda value: MASK not in repr(value)))
def test_an_edit_without_placeholders_is_taken_as_it_is(value: object) -> None:
    assert restore(value, None) == value


def edit() -> Edit:
    return Edit(
        id="edit_1",
        failure="f1",
        seen=1,
        service="stock",
        event_type=TYPE,
        replaces="e1",
        event_id="e2",
        by="ann",
        reason="a typo",
        body=b"{}",
        diff=Diff(lines=(), changed=()),
        state="proposed",
        created_at=NOW,
    )


def test_nobody_approves_an_edit_of_their_own() -> None:
    with pytest.raises(NotAllowed, match="same-person"):
        edit().approve("ann", NOW, "rep_1")


def test_nobody_withdraws_somebody_elses() -> None:
    with pytest.raises(NotAllowed, match="not-your-edit"):
        edit().withdraw("ben", NOW, "no")


@given(st.lists(st.sampled_from(["approve", "reject", "withdraw", "send", "settle", "give_up"]), max_size=8))
def test_an_edit_is_decided_once_and_sent_only_when_it_was_approved(steps: list[str]) -> None:
    now, decisions = edit(), 0
    for step in steps:
        before = now
        try:
            now = _after(now, step)
        except Conflict:
            continue
        decisions += step in {"approve", "reject", "withdraw"}
        assert now.state in {"sent", "done"} or now.sent_at is None
        assert before.approved is None or now.approved == before.approved
    assert decisions <= 1
    assert now.sent_at is None or now.approved is not None


def _after(now: Edit, step: str) -> Edit:
    match step:
        case "approve":
            return now.approve("ben", NOW, "rep_1")
        case "reject":
            return now.reject("ben", NOW, "no")
        case "withdraw":
            return now.withdraw("ann", NOW, "no")
        case "send":
            return now.send(NOW)
        case "settle":
            return now.settle(Fate("rep_1/0", "handled", NOW))
        case _:
            return now.give_up("ben", NOW, "no")


@given(st.permutations([Fate("rep_1/0", fate, NOW) for fate in get_args(Became)]))
def test_that_it_was_handled_is_what_stays_known(told: list[Fate]) -> None:
    now = edit().approve("ben", NOW, "rep_1").send(NOW)
    for fate in told:
        now = now.settle(fate)
    assert (now.state, now.fate) == ("done", "handled")
