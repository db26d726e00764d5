"""The record of uses, with what one visit repeats put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.resident.accesses import OwnAccess, gathered

NOON = datetime(2026, 11, 30, 4, tzinfo=UTC)


def use(minutes: int, sentence: str = "s", by: str = "terminal-1", dispute: str | None = None) -> OwnAccess:
    return OwnAccess(
        access_id=f"acc_{minutes}_{by}_{sentence}",
        at=NOON - timedelta(minutes=minutes),
        by=by,
        sentence=sentence,
        documents=(),
        application_id=None,
        item=None,
        purpose=None,
        dispute=dispute,
    )


def counts(uses: Sequence[OwnAccess]) -> list[tuple[str, int]]:
    return [(line.uses[0].sentence, len(line.uses)) for line in gathered(uses)]


def test_what_one_visit_repeats_is_one_line_and_the_next_visit_another() -> None:
    visit = [use(0, "a"), use(1, "b"), use(2, "a"), use(3, "b"), use(4, "a")]
    assert counts(visit) == [("a", 3), ("b", 2)]
    assert counts([*visit, use(25, "a")]) == [("a", 3), ("b", 2), ("a", 1)]
    assert counts([use(0, "a"), use(1, "a", "clerk-1"), use(2, "a")]) == [("a", 1), ("a", 1), ("a", 1)]


def test_what_is_disputed_has_a_line_of_its_own() -> None:
    assert counts([use(0), use(1, dispute="dis_1"), use(2)]) == [("s", 2), ("s", 1)]


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab"), st.sampled_from("xy"), st.none() | st.just("d"))))
def test_every_use_is_in_one_line_by_one_account_in_the_same_words(
    given_: list[tuple[int, str, str, str | None]],
) -> None:
    minutes, uses = 0, list[OwnAccess]()
    for passed, sentence, by, dispute in given_:
        minutes += passed
        uses.append(use(minutes, sentence, by, dispute))
    lines = gathered(uses)
    assert sorted(id(each) for line in lines for each in line.uses) == sorted(map(id, uses))
    assert all(len({(each.by, each.sentence, each.dispute) for each in line.uses}) == 1 for line in lines)
    assert [line.uses[0].at for line in lines] == sorted((line.uses[0].at for line in lines), reverse=True)
