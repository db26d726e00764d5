"""Data-rights alone has nothing exported: the resident, or a guardian who names the child, has signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

import pytest

from bus import topology
from bus.envelope import BrokenMessageError
from bus.event import NotYet, Received
from bus.reader import Subscription
from identity.events import DataExported
from privacy import exports
from privacy.exports import Content, ExportRequested
from privacy.holders import Holder
from privacy.own_requests import OwnRequests
from testkit.fakes import FakeClock, apply
from testkit.fixtures import TOPOLOGY
from testkit.people import SigningPerson, signed_requests

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
EVENT, PATH = "data-rights.export-requested", "/v1/exports"
ANN, BEN = SigningPerson("res_ann", "resident"), SigningPerson("res_ben", "resident")
KEY, _ = exports.new_key()
Request = Callable[[], dict[str, str] | None]


async def by_ben(one: str, other: str) -> bool:
    return (one, other) == ("res_ben", "res_ann")


@dataclass
class Reader:
    """What a service has at hand before it has checked who asked; gathering anything fails."""

    own_requests: OwnRequests
    gathered: int = 0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def reader(clock: FakeClock) -> Reader:
    return Reader(OwnRequests(signed_requests({EVENT: date(2026, 11, 1)}, clock), by_ben))


def asked(
    signed: dict[str, str] | None, *, whose: str = "res_ann", id: str = "e1", at: datetime = NOW
) -> Received[ExportRequested]:
    holder = {"resident_id": whose, "index": "9f" * 32}
    said: dict[str, Any] = {"export_id": "exp_1", "holder": holder, "key": KEY, "signed_request": signed}
    return Received(id, f"{EVENT}.v1", "/yizheng/data-rights", "exp_1", at, ExportRequested.model_validate(said))


async def gathering(holder: Holder, deps: Reader) -> Content:
    del holder
    deps.gathered += 1
    return {}


gather = exports.subscription(DataExported, gathering).handler


FORGED: dict[str, tuple[str, Request]] = {
    "nobody's": ("res_ann", lambda: None),
    "a guardian's of their own": ("res_ann", lambda: BEN.signed(PATH, {}, at=NOW)),
    "a guardian's of the child": ("res_ben", lambda: BEN.signed(PATH, {"resident_id": "res_ann"}, at=NOW)),
    "with another body": ("res_ben", lambda: BEN.signed(PATH, {"resident_id": "res_ann"}, at=NOW) | {"body": "{}"}),
}


@pytest.mark.parametrize(("whose", "request_of"), FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("service", topology.load(TOPOLOGY).subscriptions[f"{EVENT}.v1"])
async def test_with_any_other_request_no_service_gathers_anything(
    reader: Reader, service: str, whose: str, request_of: Request
) -> None:
    heard: tuple[Subscription[Any], ...] = import_module(f"{service.replace('-', '_')}.subscriptions").SUBSCRIPTIONS
    [subscription] = [each for each in heard if each.pattern == f"{EVENT}.v1"]
    with pytest.raises(BrokenMessageError) as caught:
        await subscription.handler(asked(request_of(), whose=whose), reader)
    assert caught.value.reason == "not-signed-by-person"


@pytest.mark.parametrize("body", [None, {}, {"resident_id": None}, {"resident_id": "res_ann"}])
async def test_what_the_resident_asked_for_is_gathered_once(reader: Reader, body: object) -> None:
    signed = ANN.signed(PATH, body, at=NOW)
    for _ in range(2):
        apply(await gather(asked(signed), reader))
    with pytest.raises(BrokenMessageError, match="used before"):
        await gather(asked(signed, id="e2"), reader)
    assert reader.gathered == 2


async def test_a_guardian_who_names_the_child_has_it_gathered(reader: Reader) -> None:
    eve = SigningPerson("res_eve", "resident")
    with pytest.raises(NotYet):  # the guardianship may be on its way
        await gather(asked(eve.signed(PATH, {"resident_id": "res_ann"}, at=NOW)), reader)
    await gather(asked(BEN.signed(PATH, {"resident_id": "res_ann"}, at=NOW)), reader)
    assert reader.gathered == 1
