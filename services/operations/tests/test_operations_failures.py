"""Failures between their states: shown, looked at in clear, put away, taken back, forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from bus.batch_consumer import RawMessage
from bus.event import Outcome
from bus.event_encryption import EventCipher
from operations.domain.contracts import Contracts
from operations.domain.erased import emptied
from operations.domain.event_masks import MASK
from operations.domain.failure import Failure, State, hold, release, resolve
from operations.domain.group import FailureGroup
from operations.domain.search import ChosenFailures, Criteria
from operations.domain.tokens import FieldKey
from operations.events import DataAccessed
from operations.handlers import dead_letters, discards, failures, groups, retention
from operations.handlers.dependencies import Deps
from operations.store.contracts import contracts_in
from runtime.errors import Conflict, NotFound, PreconditionFailed, Refusal
from services.operations.tests.letterbox import (
    EXAMPLES,
    KEY,
    NOON,
    FakeAudit,
    FakeErased,
    FakeFailures,
    FakeFates,
    FakeGroups,
    example,
    later,
    raw,
)
from testkit import signers
from testkit.fakes import FakeClock, apply

CONTRACTS = contracts_in(EXAMPLES)
NEVER = "f" + "0" * 31


@dataclass
class Desk:
    """What the handlers of failures need."""

    failures: FakeFailures = field(default_factory=FakeFailures)
    groups: FakeGroups = field(default_factory=FakeGroups)
    replays: FakeFates = field(default_factory=FakeFates)
    erased: FakeErased = field(default_factory=FakeErased)
    clock: FakeClock = field(default_factory=lambda: FakeClock(later(60)))
    audit: FakeAudit = field(init=False)
    contracts: Contracts = CONTRACTS
    cipher: EventCipher = signers.CIPHER
    words_key: FieldKey = field(default_factory=lambda: FieldKey(KEY, KEY))
    settings: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(discard_days=30, resolved_days=90))

    def __post_init__(self) -> None:
        self.audit = FakeAudit(self.clock)

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def take(self, *batch: RawMessage) -> list[str]:
        """Take letters in and return the ids of all failures, the earliest first."""
        apply(await dead_letters.take(batch, self.deps))
        return sorted(self.failures.all, key=lambda id_: self.failures.all[id_].first_seen)

    def at(self, id: str) -> Failure:
        return self.failures.all[id]

    def move(self, before: Failure, after: Failure) -> None:
        apply(Outcome(changes=self.failures.moved([(before, after)])))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def three(desk: Desk) -> list[str]:
    return await desk.take(*(raw(example(id=f"event-{n}"), f"a{n}", later(n)) for n in range(3)))


async def test_nothing_personal_is_shown_in_message_headers_stack_and_body(desk: Desk) -> None:
    event = example()
    (id_,) = await desk.take(raw(event, "a", message="no 李育成 here", rule="value: 李育成", stack="at 李育成"))
    shown = failures.show(desk.at(id_), desk.deps)
    assert shown.message == desk.at(id_).message == f"no {MASK} here"
    assert (shown.rule, shown.stack) == (f"value: {MASK}", f"at {MASK}")
    assert shown.headers["x-message"] == f"no {MASK} here"
    assert shown.body is not None
    assert "李育成" not in str(shown.body.content)


async def test_a_look_in_clear_needs_a_reason_and_is_recorded(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a", message="no 李育成 here"))
    for missing in (None, "", "  ", "\u200b", "...", "—"):
        with pytest.raises(Refusal) as refused:
            await failures.disclose(id_, missing, "op-1", desk.deps)
        assert refused.value.code == "reason-missing"
    outcome = await failures.disclose(id_, "INC-1", "op-1", desk.deps)
    apply(outcome)
    assert outcome.result is not None
    assert outcome.result.content == example()
    assert outcome.result.message == "no 李育成 here"
    (entry,) = desk.audit.entries
    assert (entry.by, entry.action, entry.target, entry.reason) == ("op-1", "failure-disclosed", id_, "INC-1")
    assert "李育成" not in entry.model_dump_json()
    (told,) = [event for event in outcome.published if isinstance(event, DataAccessed)]
    assert (told.holder.resident_id, told.by.subject, told.how, told.purpose) == (
        example()["data"]["resident_id"],
        "op-1",
        "unmasked",
        "INC-1",
    )


@pytest.mark.parametrize(("body", "text"), [(b"no json", "no json"), (b"\xff\x00", "ff 00")])
async def test_what_is_no_json_is_looked_at_as_text_or_bytes(desk: Desk, body: bytes, text: str) -> None:
    (id_,) = await desk.take(raw(body, "a", headers={"x-reason": "not-json"}))
    outcome = await failures.disclose(id_, "INC-1", "op-1", desk.deps)
    assert outcome.result is not None
    assert (outcome.result.content, outcome.result.text) == (None, text)


async def test_a_discard_needs_a_reason_is_recorded_and_can_be_taken_back(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    with pytest.raises(Refusal):
        await discards.discard(id_, " ", "op-1", desk.deps)
    apply(await discards.discard(id_, " INC-1 ", "op-1", desk.deps))
    discarded = desk.at(id_).discarded
    assert discarded is not None
    assert (desk.at(id_).state, discarded.by, discarded.reason) == ("discarded", "op-1", "INC-1")
    assert [state for _, state in desk.failures.counts] == ["discarded"]
    desk.clock.advance(timedelta(days=29))
    apply(await discards.restore(id_, "again", "op-2", desk.deps))
    assert (desk.at(id_).state, desk.at(id_).discarded) == ("open", None)
    assert [entry.action for entry in desk.audit.entries] == ["failure-discarded", "failure-restored"]


async def test_too_late_an_undo_is_refused(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    apply(await discards.discard(id_, "INC-1", "op-1", desk.deps))
    desk.clock.advance(timedelta(days=30, seconds=1))
    with pytest.raises(Conflict) as refused:
        await discards.restore(id_, None, "op-1", desk.deps)
    assert refused.value.code == "undo-too-late"


async def test_what_is_being_replayed_can_t_be_discarded(desk: Desk) -> None:
    first, second, third = await three(desk)
    desk.move(desk.at(second), hold(desk.at(second), "rep_1"))
    with pytest.raises(Conflict) as refused:
        await discards.discard(second, "INC-1", "op-1", desk.deps)
    assert (refused.value.code, refused.value.params["replay"]) == ("failure-being-replayed", "rep_1")
    chosen = ChosenFailures(failures=(first, second, third))
    with pytest.raises(Conflict) as refused:
        await discards.discard_all(chosen, "INC-1", "op-1", desk.deps)
    assert (refused.value.code, refused.value.params["count"]) == ("some-being-replayed", 1)
    group = ChosenFailures(group=desk.at(first).group)
    outcome = await discards.discard_all(group, "INC-1", "op-1", desk.deps)
    apply(outcome)
    assert outcome.result is not None
    assert outcome.result.count == 2
    assert desk.at(second).state == "replaying"


async def test_a_group_is_put_away_and_taken_back_in_one_entry_each(desk: Desk) -> None:
    ids = await three(desk)
    group = ChosenFailures(group=desk.at(ids[0]).group)
    apply(await discards.discard_all(group, "INC-1", "op-1", desk.deps))
    assert {desk.at(id_).state for id_ in ids} == {"discarded"}
    apply(await discards.restore_all(group, "", "op-1", desk.deps))
    assert {desk.at(id_).state for id_ in ids} == {"open"}
    assert [(entry.action, entry.details["count"]) for entry in desk.audit.entries] == [
        ("failures-discarded", 3),
        ("failures-restored", 3),
    ]


async def test_what_fails_after_the_choice_is_not_put_away(desk: Desk) -> None:
    ids = await three(desk)
    search = ChosenFailures(search=Criteria(text="KeyError", until=later(1)))
    outcome = await discards.discard_all(search, "INC-1", "op-1", desk.deps)
    apply(outcome)
    assert [desk.at(id_).state for id_ in ids] == ["discarded", "open", "open"]
    assert outcome.result is not None
    assert outcome.result.until == later(1)
    assert "KeyError" not in desk.audit.entries[0].target


async def test_nothing_found_is_nothing_recorded(desk: Desk) -> None:
    outcome = await discards.discard_all(ChosenFailures(group="gx"), "INC-1", "op-1", desk.deps)
    assert (outcome.changes, outcome.result and outcome.result.count) == ((), 0)


@pytest.mark.parametrize(
    "chosen",
    [
        ChosenFailures(),
        ChosenFailures(failures=()),
        ChosenFailures(group=""),
        ChosenFailures(group="g", search=Criteria()),
    ],
)
async def test_a_choice_is_made_in_exactly_one_way(desk: Desk, chosen: ChosenFailures) -> None:
    with pytest.raises(Refusal) as refused:
        await discards.discard_all(chosen, "INC-1", "op-1", desk.deps)
    assert refused.value.code == "choose-one-way"


async def test_unknown_failures_are_named(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    with pytest.raises(NotFound) as refused:
        await discards.discard_all(ChosenFailures(failures=(id_, NEVER)), "INC-1", "op-1", desk.deps)
    assert (refused.value.code, refused.value.params["ids"]) == ("failures-unknown", NEVER)
    with pytest.raises(NotFound):
        await failures.find(NEVER, desk.deps)


async def test_who_looked_at_an_older_version_is_told(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    await desk.take(raw(example(), "b", later(1)))
    with pytest.raises(PreconditionFailed):
        await discards.discard(id_, "INC-1", "op-1", desk.deps, 1)


@pytest.mark.parametrize("state", ["resolved", "discarded"])
async def test_only_what_is_open_is_taken_up_by_a_replay(desk: Desk, state: State) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    with pytest.raises(Conflict):
        hold(desk.at(id_).model_copy(update={"state": state}), "rep_1")


async def test_a_replay_holds_resolves_and_releases_what_it_took_up(desk: Desk) -> None:
    first, second, _ = await three(desk)
    for id_ in (first, second):
        desk.move(desk.at(id_), hold(desk.at(id_), "rep_1"))
    assert (desk.at(first).state, desk.at(first).replay) == ("replaying", "rep_1")
    for how in ("handled", "ignored"):
        desk.move(desk.at(first), resolve(desk.at(first), how, NOON))
    for id_ in (first, second):
        desk.move(desk.at(id_), release(desk.at(id_)))
    assert (desk.at(first).state, desk.at(first).resolution) == ("resolved", "handled")
    assert desk.at(second).state == "open"
    assert dict(desk.failures.counts) == {(desk.at(first).group, "open"): 2, (desk.at(first).group, "resolved"): 1}


async def test_a_discarded_failure_that_turns_out_to_be_handled_stays_discarded(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    put_away = desk.at(id_).model_copy(update={"state": "discarded"})
    assert resolve(put_away, "handled", NOON) is put_away
    assert release(put_away) is put_away


async def test_after_its_term_the_message_goes_and_later_the_failure(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    apply(await discards.discard(id_, "INC-1", "op-1", desk.deps))
    desk.clock.advance(timedelta(days=29))
    assert not await retention.forget(desk.deps)
    desk.clock.advance(timedelta(days=2))
    for outcome in await retention.forget(desk.deps):
        apply(outcome)
    gone = desk.at(id_)
    assert (gone.body, gone.headers, gone.stack, gone.message, gone.words) == (None, {}, "", "", ())
    assert desk.audit.entries[-1].action == "discarded-messages-removed"
    shown = failures.show(gone, desk.deps)
    assert shown.body is None
    with pytest.raises(Conflict) as refused:
        await failures.disclose(id_, "INC-1", "op-1", desk.deps)
    assert refused.value.code == "message-removed"
    assert not await retention.forget(desk.deps)
    desk.clock.advance(timedelta(days=60))
    for outcome in await retention.forget(desk.deps):
        apply(outcome)
    assert not desk.failures.all
    assert not desk.failures.counts


async def test_what_was_removed_and_fails_again_has_its_message_again(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a", later(5)))
    desk.move(desk.at(id_), emptied(desk.at(id_)))
    await desk.take(raw(example(), "b", later(1)))
    assert desk.at(id_).body is not None
    assert desk.at(id_).words


async def test_notes_are_kept_with_who_and_when(desk: Desk) -> None:
    (id_,) = await desk.take(raw(example(), "a"))
    failure = desk.at(id_)
    group = FailureGroup(
        id=failure.group,
        version=1,
        service="matcher",
        event_type=failure.event_type,
        cause=dead_letters.letter_of(raw(example(), "a"), NOON, signers.CIPHER).cause,
        first_seen=NOON,
        last_seen=NOON,
        seen=1,
        states={"open": 1},
        hourly={"2026112312": 1, "2026111012": 5},
    )
    desk.groups.stored[group.id] = group
    apply(await groups.note(group.id, " 已通知卫生局 ", "op-1", desk.deps, 1))
    (noted,) = desk.groups.stored[group.id].notes
    assert (noted.by, noted.text) == ("op-1", "已通知卫生局")
    for text, code in ((" ", "note-missing"), (None, "note-missing"), ("长" * 2001, "note-too-long")):
        with pytest.raises(Refusal) as refused:
            await groups.note(group.id, text, "op-1", desk.deps)
        assert refused.value.code == code
    with pytest.raises(PreconditionFailed):
        await groups.note(group.id, "x", "op-1", desk.deps, 1)
    trend = group.trend(later(61))
    assert (len(trend), trend[-2][1], trend[-1][1]) == (168, 1, 0)
    for outcome in await retention.forget(desk.deps):
        apply(outcome)
    assert desk.groups.stored[group.id].hourly == {"2026112312": 1}


async def test_failures_that_go_back_to_the_same_event_are_related() -> None:
    desk = Desk()
    cause = example(id="e0")
    mine, same_cause, effect, other = (
        example(id="e1", causationid="e0"),
        example(id="e2", causationid="e0"),
        example(id="e3", causationid="e1"),
        example(id="e4", causationid="e9"),
    )
    events = (cause, mine, same_cause, effect, other)
    await desk.take(*(raw(event, str(n), later(n)) for n, event in enumerate(events)))
    await desk.take(raw(mine, "again", later(9), queue="applications.dead-letters"))
    (failure,) = [each for each in desk.failures.all.values() if (each.event_id, each.service) == ("e1", "matcher")]
    found = await failures.related(failure, desk.deps)
    assert [(each.failure.event_id, each.failure.service, each.relation) for each in found] == [
        ("e1", "applications", "same-event"),
        ("e3", "matcher", "caused-by-this"),
        ("e2", "matcher", "same-cause"),
        ("e0", "matcher", "its-cause"),
    ]
