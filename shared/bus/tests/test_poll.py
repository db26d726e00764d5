from __future__ import annotations

from bus.poll import AT_REST, SELDOM, Poll


def test_at_work_it_is_always_time_to_look_and_at_rest_only_now_and_then() -> None:
    now, rests = 100.0, False
    poll = Poll(lambda: rests, clock=lambda: now)

    assert [poll.is_due(), poll.is_due()] == [True, True]
    rests = True
    assert poll.is_due()
    assert not poll.is_due()
    now += AT_REST - 0.1
    assert not poll.is_due()
    now += 0.1
    assert poll.is_due()
    assert not poll.is_due()
    rests = False
    assert poll.is_due()


def test_what_nothing_else_can_bring_about_is_looked_for_more_seldom_at_rest() -> None:
    now = 100.0
    poll = Poll(lambda: True, at_rest=SELDOM, clock=lambda: now)

    assert poll.is_due()
    now += SELDOM - 1
    assert not poll.is_due()
    now += 1
    assert poll.is_due()


def test_the_first_look_is_never_put_off() -> None:
    assert Poll(lambda: True, clock=lambda: 0.0).is_due()


def test_what_came_just_before_rest_is_seen_at_once_however_seldom_it_is_looked_for_at_rest() -> None:
    rests = False
    poll = Poll(lambda: rests, at_rest=SELDOM, clock=lambda: 0.0)

    assert poll.is_due()
    rests = True
    assert [poll.is_due(), poll.is_due()] == [True, False]
