from __future__ import annotations

from dataclasses import replace

from tests.chaos.accounting import REGISTERED, Account, Asked, account
from tests.load.audit import Verdict
from tests.load.evidence import Told

SOUND = Verdict((), (), {})
ALL = ("app_1", "app_2", "app_3")


def drawn_up(
    *,
    attempted: int = 3,
    acknowledged: tuple[str, ...] = ALL,
    there: tuple[str, ...] = ALL,
    verdict: Verdict = SOUND,
    told: tuple[Told, ...] = (),
    left: dict[str, int] | None = None,
) -> Account:
    return account({"submission": (Asked(attempted, acknowledged), there)}, verdict, told, left or {})


def test_a_sound_run_is_ok() -> None:
    found = drawn_up()
    assert (found.attempted, found.acknowledged, found.recovered, found.dead_letters) == (3, 3, 0, 0)
    assert found.ok


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    found = drawn_up(there=ALL[:2])
    assert found.lost == ("submission app_3: acknowledged, but not there",)
    assert not found.ok


def test_what_is_there_though_nobody_was_told_is_recovered() -> None:
    found = drawn_up(acknowledged=ALL[:2])
    assert (found.recovered, found.unexpected, found.lost) == (1, (), ())
    assert found.ok


def test_what_was_attempted_and_refused_is_neither_lost_nor_unexpected() -> None:
    assert drawn_up(attempted=4).ok


def test_what_nobody_asked_for_is_unexpected() -> None:
    found = drawn_up(there=(*ALL, "app_4"))
    assert found.unexpected == ("submission app_4: nobody asked for it",)
    assert not found.ok


def test_more_than_was_attempted_is_unexpected_beside_what_is_recovered() -> None:
    found = drawn_up(acknowledged=ALL[:2], there=(*ALL, "app_4"))
    assert (found.recovered, len(found.unexpected)) == (1, 1)


def test_what_the_audit_finds_counts() -> None:
    assert not drawn_up(verdict=replace(SOUND, lost=("app_1: still in-progress",))).ok
    assert not drawn_up(verdict=replace(SOUND, doubled=("decision of app_1: 2 times",))).ok


def test_a_registration_that_was_told_twice_is_doubled_and_one_that_the_relay_repeated_is_not() -> None:
    def registered(id_: str) -> Told:
        return Told(id_, REGISTERED, "res_1")

    assert drawn_up(told=(registered("e1"), registered("e1"))).ok
    assert drawn_up(told=(registered("e1"), registered("e2"))).doubled == ("registration res_1: 2 times",)


def test_dead_letters_are_counted_wherever_they_are() -> None:
    left = {"matcher.dead-letters": 2, "operations/failures": 1, "matcher": 5, "identity/outbox": 4}
    assert drawn_up(left=left).dead_letters == 3


def test_a_run_without_any_work_proves_nothing() -> None:
    assert not drawn_up(attempted=0, acknowledged=(), there=()).ok
