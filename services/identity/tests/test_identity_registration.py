from __future__ import annotations

from datetime import date

import pytest

from bus.event import ConflictError
from identity.domain.card import ReadCard
from identity.domain.resident import RegistrationPlace
from identity.events import DataAccessed, IdRegistered, IdUpdated
from identity.handlers import registration
from runtime.errors import Conflict, NotFound, PreconditionFailed, Refusal, Refusals
from services.identity.tests.people import (
    CLERK,
    COMMUNITY,
    MAN,
    OTHER_COMMUNITY,
    TERMINAL,
    Hall,
    card,
    number_for,
    reading,
)
from standards.mask import number as masked
from testkit.fakes import apply

AT_WINDOW = RegistrationPlace(channel="window", community=COMMUNITY)
NEW_ADDRESS = "深圳市龙华区民治街道1号"
RENEWED: dict[str, object] = {
    "valid_from": date(2026, 11, 1),
    "valid_until": date(2046, 11, 1),
    "address": NEW_ADDRESS,
}


def faults(refusal: Refusal) -> list[tuple[str, str | None]]:
    every = refusal.refusals if isinstance(refusal, Refusals) else (refusal,)
    return [(each.code, each.field) for each in every]


async def test_a_person_is_registered_in_person_and_announced(hall: Hall) -> None:
    resident = await hall.register(reading())
    (event,) = hall.published
    assert isinstance(event, IdRegistered)
    assert (event.resident_id, event.holder_index) == (resident.id, resident.holder_index)
    assert (event.name, event.channel, event.community) == ("李育成", "window", COMMUNITY)
    assert event.sequence == resident.version == 1


async def test_the_clear_number_is_told_to_nobody(hall: Hall) -> None:
    resident = await hall.register(reading())
    assert MAN not in repr(resident) + "".join(event.model_dump_json() for event in hall.published)
    assert (resident.number, masked(MAN)) == (MAN, "4****************3")


async def test_who_registered_a_person_is_taken_from_the_sign_in(hall: Hall) -> None:
    at_terminal = await hall.register(reading(), by=TERMINAL)
    assert at_terminal.place.channel == "terminal"
    assert (at_terminal.history[0].by.subject, at_terminal.history[0].by.role) == ("terminal-3", "terminal")


async def test_the_same_person_again_is_the_same_resident_and_nothing_happens(hall: Hall) -> None:
    first = await hall.register(reading())
    second = await hall.register(reading(name="李 育成"), by=CLERK, community=OTHER_COMMUNITY)
    assert first == second
    assert len(hall.published) == 1


async def test_the_same_person_with_a_newer_card_is_renewed(hall: Hall) -> None:
    first = await hall.register(reading())
    second = await hall.register(reading(**RENEWED))
    assert (second.id, second.version) == (first.id, 2)
    assert isinstance(hall.published[-1], IdUpdated)


async def test_the_same_person_with_an_older_card_keeps_the_newer_one(hall: Hall) -> None:
    await hall.register(reading(**RENEWED))
    again = await hall.register(reading())
    assert again.card == card(**RENEWED)


async def test_nobody_is_registered_who_was_born_130_years_ago(hall: Hall) -> None:
    for born, registers in ((date(1896, 11, 23), False), (date(1896, 11, 24), True), (date(1880, 1, 1), False)):
        for number in (number_for(born), f"USA1101{born:%y%m%d}01"):
            read = reading(number, birth_date=born)
            if registers:
                await hall.register(read)
            else:
                with pytest.raises(Refusal) as caught:
                    await hall.register(read)
                assert faults(caught.value) == [("birth-date-too-early", "birth_date")]


async def test_a_name_in_the_other_script_is_the_same_name(hall: Hall) -> None:
    first = await hall.register(reading(name="張麗華"))
    assert (await hall.register(reading(name="张丽华", valid_from=date(2019, 5, 5)))).id == first.id


@pytest.mark.parametrize("address", ["-", "/", "无", "無", "同上", "N/A", "梅龙路**号", "\x00\x00"])
async def test_an_address_that_names_no_place_is_refused(hall: Hall, address: str) -> None:
    with pytest.raises(Refusal) as caught:
        await hall.register(reading(address=address))
    assert caught.value.status == 422
    assert faults(caught.value) == [("address-names-no-place", "address")]


async def test_another_name_under_the_same_number_is_refused_and_named(hall: Hall) -> None:
    await hall.register(reading())
    with pytest.raises(Conflict) as caught:
        await hall.register(reading(name="王大明"))
    assert faults(caught.value) == [("registered-with-other-name", "name")]


async def test_another_birth_date_under_an_older_foreign_number_is_refused_and_named(hall: Hall) -> None:
    await hall.register(reading("USA110119900101"))
    with pytest.raises(Refusal) as caught:
        await hall.register(reading("USA110119900101", name="John Smith", birth_date=date(1990, 1, 2)))
    assert caught.value.status == 409
    assert faults(caught.value) == [
        ("registered-with-other-name", "name"),
        ("registered-with-other-birth-date", "birth_date"),
    ]


async def test_two_windows_at_once_can_not_make_two_residents(hall: Hall) -> None:
    one = await registration.register(reading(), AT_WINDOW, CLERK, hall.deps)
    other = await registration.register(reading(), AT_WINDOW, CLERK, hall.deps)
    apply(one)
    with pytest.raises(ConflictError):
        apply(other)
    assert len(hall.residents.all) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("李丽\0\0", "李丽"),
        ("李　丽", "李丽"),
        ("葛\U000e0100文静", "葛文静"),
        ("⻢⻓⻰", "马长龙"),
        ("刘\ue863", "刘䶮"),
        ("古丽米热．艾比布力", "古丽米热·艾比布力"),
    ],
)
async def test_a_name_is_kept_in_its_normal_form(hall: Hall, written: str, kept: str) -> None:
    resident = await hall.register(reading(name=written, address="建设路18号\0\ufeff"))
    assert (resident.card.name, resident.card.address) == (kept, "建设路18号")
    assert await hall.register(reading(name=kept, address="建设路18号")) == resident


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "\ufdfa" * 50}, ("card-text-too-long", "name")),
        ({"nationality_group": "\u200b"}, ("card-text-empty", "nationality_group")),
        ({"name": "123!!"}, ("name-other-character", "name")),
        ({"name": "···"}, ("name-without-letters", "name")),
        ({"name": "\u200b"}, ("name-without-letters", "name")),
        ({"name": "李??"}, ("name-unreadable-character", "name")),
        ({"name": "李\ufffd"}, ("name-unreadable-character", "name")),
        ({"name": "李\x01"}, ("name-unreadable-character", "name")),
        ({"number": "040309199001010016"}, ("identity-number-beginning", "number")),
        ({"number": "850309199001010016"}, ("identity-number-beginning", "number")),
        ({"number": "440309199001010014"}, ("identity-number-check-character", "number")),
        ({"number": "440309202102290038"}, ("identity-number-impossible-date", "number")),
        ({"number": "440309210001010018"}, ("identity-number-future-date", "number")),
        ({"number": "44030919900101001"}, ("identity-number-length", "number")),
        ({"number": "440309900101001"}, ("identity-number-fifteen-digits", "number")),
        ({"number": "４４０３０９１９９００１０１００１３"}, ("identity-number-full-width", "number")),
        ({"sex": "female"}, ("identity-number-sex-differs", "sex")),
        ({"birth_date": date(1990, 1, 2)}, ("identity-number-birth-date-differs", "birth_date")),
        ({"valid_until": date(2026, 11, 22)}, ("card-expired", "valid_until")),
        ({"valid_from": date(2026, 11, 24)}, ("card-not-yet-valid", "valid_from")),
        ({"valid_from": date(2026, 1, 2), "valid_until": date(2026, 12, 1)}, None),
        ({"valid_until": date(2026, 11, 23)}, None),
        ({"valid_until": None}, None),
    ],
)
async def test_a_wrong_card_is_refused_and_leaves_nothing_behind(
    hall: Hall, fields: dict[str, object], fault: tuple[str, str] | None
) -> None:
    number = str(fields.pop("number", MAN))
    if fault is None:
        await hall.register(reading(number, **fields))
        return
    with pytest.raises(Refusal) as caught:
        await hall.register(reading(number, **fields))
    assert (caught.value.status, faults(caught.value)) == (422, [fault])
    assert not hall.residents.all
    assert not hall.published


async def test_everything_that_is_wrong_is_told_at_once(hall: Hall) -> None:
    wrong = reading(sex="female", valid_until=date(2019, 1, 1))
    with pytest.raises(Refusal) as caught:
        await registration.register(
            wrong, RegistrationPlace(channel="terminal", community="shanghai"), CLERK, hall.deps
        )
    assert set(faults(caught.value)) == {
        ("identity-number-sex-differs", "sex"),
        ("card-expired", "valid_until"),
        ("card-validity-reversed", "valid_until"),
        ("unknown-community", "community"),
        ("channel-not-yours", "channel"),
    }


async def test_a_renewed_card_brings_its_validity_and_address(hall: Hall) -> None:
    resident = await hall.register(reading())
    hall.commit(
        await registration.renew_card(resident.id, reading(**RENEWED), OTHER_COMMUNITY, CLERK, hall.deps, if_match=1)
    )
    renewed, event = hall.residents.all[resident.id], hall.published[-1]
    assert (renewed.card, renewed.place.community, renewed.version) == (card(**RENEWED), OTHER_COMMUNITY, 2)
    assert isinstance(event, IdUpdated)
    assert (event.address, event.valid_until, event.community) == (
        RENEWED["address"],
        date(2046, 11, 1),
        OTHER_COMMUNITY,
    )
    assert [change.field for change in renewed.history[-1].changes] == [
        "address",
        "valid_from",
        "valid_until",
        "community",
    ]


async def test_a_renewal_that_says_nothing_new_changes_nothing(hall: Hall) -> None:
    resident = await hall.register(reading())
    outcome = await registration.renew_card(resident.id, reading(), None, CLERK, hall.deps, if_match=None)
    assert (outcome.changes, outcome.result) == ((), resident)
    assert [type(event) for event in outcome.published] == [DataAccessed]


@pytest.mark.parametrize(
    ("read", "kind", "code"),
    [
        (reading(valid_from=date(2010, 1, 1)), Conflict, "card-older"),
        (reading(name="王大明", **RENEWED), Conflict, "registered-with-other-name"),
        (reading(number_for(date(1990, 1, 1), "003"), **RENEWED), Conflict, "card-of-another-person"),
        (reading(valid_until=date(2020, 1, 1)), Refusal, "card-expired"),
    ],
)
async def test_a_card_that_does_not_renew_this_one_is_refused(
    hall: Hall, read: ReadCard, kind: type[Refusal], code: str
) -> None:
    resident = await hall.register(reading())
    with pytest.raises(kind, match=code):
        await registration.renew_card(resident.id, read, None, CLERK, hall.deps, if_match=None)
    assert hall.residents.all[resident.id] == resident


async def test_a_renewal_on_an_older_version_is_refused(hall: Hall) -> None:
    resident = await hall.register(reading())
    with pytest.raises(PreconditionFailed):
        await registration.renew_card(resident.id, reading(**RENEWED), None, CLERK, hall.deps, if_match=7)


async def test_nobody_can_be_renewed_who_is_not_registered(hall: Hall) -> None:
    with pytest.raises(NotFound):
        await registration.renew_card("res_nobody", reading(), None, CLERK, hall.deps, if_match=None)
