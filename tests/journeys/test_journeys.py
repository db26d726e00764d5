from __future__ import annotations

import zlib
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from standards import identity_number
from standards.communities import codes
from standards.names import same_name
from store.blind_index import BlindIndex
from tests.journeys import newcomer, scans
from tests.journeys.cast import cast
from tests.journeys.claims import ClaimFailedError
from tests.journeys.day import TEXTS, Day, System
from tests.journeys.holdings import held_before
from tests.journeys.steps import STEPS
from tests.journeys.trail import Event, in_order
from tests.journeys.waiting import StillWaitingError, until

TODAY = date(2026, 11, 23)


def test_a_scan_is_a_real_picture() -> None:
    content = scans.png(5)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    start = content.index(b"IDAT")
    length = int.from_bytes(content[start - 4 : start])
    assert len(zlib.decompress(content[start + 4 : start + 4 + length])) == 340 * 241
    assert scans.png(5) == content != scans.png(6)


def test_a_page_is_a_real_document() -> None:
    content = scans.pdf()
    table = int(content.split(b"startxref\n")[1].split()[0])
    assert content.startswith(b"%PDF-")
    assert content[table:].startswith(b"xref")


@pytest.mark.parametrize("today", [TODAY, date(2027, 2, 28), date(2028, 2, 29), date(2027, 9, 1)])
def test_everybody_has_a_card_that_a_window_takes(today: date) -> None:
    for person in cast(today).everybody:
        parsed = identity_number.parse(person.number, today=today)
        assert (parsed.birth_date, parsed.sex) == (person.born, person.sex)
        assert person.community in codes()
        assert person.born < person.valid_from <= today
        assert person.valid_until is None or person.valid_until > today


def test_the_vaccination_record_has_the_name_in_the_other_script() -> None:
    people = cast(TODAY)
    (record,) = [r for r in held_before(people, TODAY) if r.document_type == "vaccination-record"]
    written = str(record.fields["child_name"])
    assert written != people.child.name
    assert same_name(written, people.child.name)
    assert sum(a != b for a, b in zip(written, people.child.name, strict=True)) == 1


def test_nobody_holds_the_birth_certificate() -> None:
    assert all(record.document_type != "birth-certificate" for record in held_before(cast(TODAY), TODAY))


def test_every_step_has_a_name() -> None:
    assert {f"steps.{name}" for name in STEPS} <= TEXTS.keys("en")


def test_a_trail_is_told_cause_before_effect_whatever_order_it_was_read_in() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)

    def event(id_: str, cause: str | None, milliseconds: int) -> Event:
        time = at + timedelta(milliseconds=milliseconds)
        return Event(id=id_, type="a.b.v1", source="/x/a", time=time, correlationid="c", causationid=cause)

    events = [event("z", None, 0), event("b", "z", 1), event("a", "b", 1), event("c", "elsewhere", 2)]
    for read in permutations([*events, events[1]]):
        assert [each.id for each in in_order(read)] == ["z", "b", "a", "c"]


async def test_waiting_ends_when_it_is_there_and_not_before() -> None:
    seen = iter(range(100))

    async def look() -> int:
        return next(seen)

    assert await until(look, lambda it: it == 3, what="three", interval=0) == 3


async def test_waiting_for_what_never_comes_says_what_was_seen_last() -> None:
    async def look() -> str:
        return "only dust"

    with pytest.raises(StillWaitingError, match=r"the parcel: not after 0\.05 s; last seen: only dust"):
        await until(look, lambda it: it == "parcel", what="the parcel", seconds=0.05, interval=0.01)


@pytest.mark.parametrize("fault", [ClaimFailedError("the sky: expected 'blue', saw 'green'"), RuntimeError("thunder")])
async def test_a_step_that_goes_wrong_is_named_with_the_reason_and_ends_the_day(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    async def well(day: Day) -> None:
        day.say("register.again")

    async def badly(day: Day) -> None:
        raise fault

    monkeypatch.setattr(newcomer, "STEPS", {"register": well, "tenancy": badly, "school": well})
    lines: list[str] = []
    system = System(
        "http://127.0.0.1:1",
        None,
        "amqp://127.0.0.1:1",
        BlindIndex(b"k" * 32),
        Path("keys"),
        lambda *_, **__: "",
    )
    told = await newcomer.live(system, "en", lines.append)
    assert not told.ok
    assert [(step.name, step.ok) for step in told.steps] == [("register", True), ("tenancy", False)]
    assert fault.args[0] in told.steps[1].why
    assert fault.args[0] in lines[-1]
