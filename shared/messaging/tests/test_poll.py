from __future__ import annotations

from messaging.poll import AT_REST, Poll


def test_at_work_it_is_always_time_to_look_and_at_rest_only_now_and_then() -> None:
    now, rests = 100.0, False
    poll = Poll(lambda: rests, clock=lambda: now)

    assert [poll.is_due(), poll.is_due()] == [True, True]
    rests = True
    assert not poll.is_due()
    now += AT_REST - 0.1
    assert not poll.is_due()
    now += 0.1
    assert poll.is_due()
    assert not poll.is_due()
    rests = False
    assert poll.is_due()


def test_the_first_look_is_never_put_off() -> None:
    assert Poll(lambda: True, clock=lambda: 0.0).is_due()
