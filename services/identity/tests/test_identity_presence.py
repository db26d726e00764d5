"""A visit: the card is checked as at registration, one person at a time, for who read the card, and not for long."""

from __future__ import annotations

from datetime import date

import pytest

from identity.api.presences import PresenceVisitView
from identity.domain.guardianship import GuardianshipProof
from identity.domain.presence import VISIT
from identity.events import IdUpdated, PresenceBegun, PresenceEnded
from identity.handlers import guardianship, presence, suspension
from runtime.errors import Conflict, NotAllowed, NotFound, Refusal
from services.identity.tests.people import CLERK, COMMUNITY, OTHER_COMMUNITY, TERMINAL, Hall, girl, reading
from web.auth import Principal, Role

OTHER_CLERK = Principal("clerk-8", Role.CLERK)


async def begins(hall: Hall, by: Principal = CLERK, /, **card: object) -> PresenceBegun:
    hall.commit(await presence.begin(reading(**card), by, hall.deps))
    return [each for each in hall.published if isinstance(each, PresenceBegun)][-1]


def ended(hall: Hall) -> list[str]:
    return [each.presence_id for each in hall.published if isinstance(each, PresenceEnded)]


@pytest.fixture
async def registered(hall: Hall) -> Hall:
    await hall.register(reading())
    hall.published.clear()
    return hall


async def test_who_read_the_card_where_and_until_when_is_told(registered: Hall) -> None:
    begun = await begins(registered, TERMINAL)
    assert (begun.by.subject, begun.by.role, begun.channel) == ("terminal-3", "terminal", "terminal")
    assert begun.communities == (COMMUNITY,)
    assert begun.ends_at - begun.begun_at == VISIT
    assert begun.resident_id in registered.residents.all


@pytest.mark.parametrize(
    ("card", "refused", "code"),
    [
        ({"valid_until": date(2026, 1, 1)}, Refusal, "card-expired"),
        ({"birth_date": date(1990, 1, 2)}, Refusal, "identity-number-birth-date-differs"),
        ({"name": "王芳"}, Conflict, "registered-with-other-name"),
        ({"valid_from": date(2018, 1, 1)}, Conflict, "card-older"),
    ],
)
async def test_a_card_that_registration_would_not_take_begins_no_visit(
    registered: Hall, card: dict[str, object], refused: type[Refusal], code: str
) -> None:
    with pytest.raises(refused) as caught:
        await begins(registered, **card)
    assert caught.value.code == code
    assert not registered.presences.all


async def test_who_is_not_registered_suspended_or_elsewhere_begins_no_visit(hall: Hall) -> None:
    with pytest.raises(NotFound, match="presence-not-registered"):
        await begins(hall)
    man = await hall.register(reading(), community=OTHER_COMMUNITY)
    with pytest.raises(Refusal, match="terminal-elsewhere"):
        await begins(hall, TERMINAL)
    hall.commit(await suspension.suspend(man.id, "挂失", CLERK, hall.deps, if_match=None))
    with pytest.raises(NotAllowed, match="presence-suspended"):
        await begins(hall)


async def test_a_newer_card_is_taken_over_first(registered: Hall) -> None:
    await begins(registered, valid_from=date(2026, 11, 1), valid_until=date(2046, 11, 1))
    assert [type(each) for each in registered.published] == [IdUpdated, PresenceBegun]


async def test_the_next_card_ends_the_visit_before_it_at_that_window_alone(registered: Hall) -> None:
    await registered.register(girl())
    first, elsewhere = await begins(registered), await begins(registered, OTHER_CLERK)
    registered.commit(await presence.begin(girl(), CLERK, registered.deps))
    assert ended(registered) == [first.presence_id]
    assert registered.presences.all[elsewhere.presence_id].ended_at is None


async def test_who_read_the_card_sees_who_stands_there_and_for_whom_they_may_act_until_it_is_over(
    registered: Hall,
) -> None:
    man, child = next(iter(registered.residents.all.values())), await registered.register(girl())
    proof = GuardianshipProof(kind="birth-certificate", reference="T440012345")
    made = await guardianship.establish(man.id, child.id, "father", proof, CLERK, registered.deps)
    registered.commit(made)
    begun = await begins(registered)
    registered.told.clear()
    outcome = await presence.see(begun.presence_id, CLERK, registered.deps)
    registered.commit(outcome)
    assert outcome.result is not None
    assert (outcome.result.resident.id, [each.id for each in outcome.result.wards]) == (man.id, [child.id])
    assert [(each.holder.resident_id, each.how) for each in registered.told] == [
        (man.id, "viewed"),
        (child.id, "viewed"),
    ]
    names = PresenceVisitView.shown(outcome.result, TERMINAL)
    assert (names.name, names.wards[0].name) == ("李*成", "李*雨")
    with pytest.raises(NotFound, match="unknown-presence"):
        await presence.see(begun.presence_id, OTHER_CLERK, registered.deps)
    registered.commit(await presence.end(begun.presence_id, CLERK, registered.deps))
    with pytest.raises(NotAllowed, match="presence-over"):
        await presence.see(begun.presence_id, CLERK, registered.deps)


async def test_only_who_read_the_card_ends_a_visit_and_once(registered: Hall) -> None:
    begun = await begins(registered)
    with pytest.raises(NotFound, match="unknown-presence"):
        await presence.end(begun.presence_id, OTHER_CLERK, registered.deps)
    for _ in range(2):
        registered.commit(await presence.end(begun.presence_id, CLERK, registered.deps))
    assert ended(registered) == [begun.presence_id]
    registered.clock.advance(VISIT * 2)
    late = await begins(registered)
    registered.clock.advance(VISIT)
    registered.commit(await presence.end(late.presence_id, CLERK, registered.deps))
    assert ended(registered) == [begun.presence_id]  # the other one was over by itself
