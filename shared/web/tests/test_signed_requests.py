"""One service alone neither erases, nor suspends, nor appoints: the person who asked for it has signed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
import pytest
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from bus.envelope import BrokenMessageError
from bus.event import NotYet, Outcome, Received, View
from privacy.erasure import ErasureRequested, require_own
from testkit.fakes import FakeClock, apply
from testkit.people import SigningPerson, signed_requests
from web.proof import DELEGATION, digest
from web.signed_requests import Signed, SignedRequests, of_clerk

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
EVENT = "data-rights.erasure-requested"
PATH = "/v1/erasures/era_1/confirmation"
ANN, BEN = SigningPerson("res_ann", "resident"), SigningPerson("res_ben", "resident")
Request = Callable[[], dict[str, str] | None]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def requests(clock: FakeClock) -> SignedRequests:
    return signed_requests({EVENT: date(2026, 11, 1)}, clock)


def asked(
    signed: dict[str, str] | None, *, whose: str = "res_ann", id: str = "e1", at: datetime = NOW
) -> Received[ErasureRequested]:
    holder = {"resident_id": whose, "index": "9f" * 32}
    said: dict[str, Any] = {"erasure_id": "era_1", "holder": holder, "only": [], "signed_request": signed}
    data = ErasureRequested.model_validate(said)
    return Received(id, f"{EVENT}.v1", "/yizheng/data-rights", "era_1", at, data)


async def nobody(one: str, other: str) -> bool:
    del one, other
    return False


async def refused(event: Received[ErasureRequested], requests: SignedRequests) -> str:
    with pytest.raises(BrokenMessageError) as caught:
        await require_own(event, requests, nobody)
    assert caught.value.reason == "not-signed-by-person"
    return caught.value.rule


async def test_what_the_resident_confirmed_is_erased(requests: SignedRequests) -> None:
    event = asked(ANN.signed(PATH, {"preview": "9f"}, at=NOW))
    apply(Outcome(changes=await require_own(event, requests, nobody)))
    assert await require_own(event, requests, nobody) == []


def with_token(token: str, by: SigningPerson = ANN, **proof: object) -> dict[str, str]:
    return by.signed(PATH, {"preview": "9f"}, at=NOW, ath=digest(token), **proof) | {"token": token}


def delegated(token: str) -> dict[str, str]:
    now = int(time.time())
    claims = {"jti": "of-the-delegation", "cnf": {"jkt": BEN.thumbprint}, "ath": digest(token), "iat": now, "ctr": 1}
    shown = {"typ": DELEGATION, "jwk": ECAlgorithm.to_jwk(ANN.key.public_key(), as_dict=True)}
    return with_token(token, BEN, dlg=jwt.encode({**claims, "exp": now + 900}, ANN.key, "ES256", headers=shown))


FORGED: dict[str, Request] = {
    "nobody's": lambda: None,
    "another resident's": lambda: BEN.signed(PATH, {"preview": "9f"}, at=NOW),
    "a clerk's": lambda: SigningPerson("res_ann", "clerk").signed(PATH, {"preview": "9f"}, at=NOW),
    "with a token that any key may use": lambda: replace(ANN, is_bound=False).signed(PATH, {"preview": "9f"}, at=NOW),
    "an issuer's of its own": lambda: replace(ANN, issuer=BEN.key).signed(PATH, {"preview": "9f"}, at=NOW),
    "a look": lambda: ANN.signed(PATH, {"preview": "9f"}, at=NOW, htm="GET"),
    "without its body": lambda: ANN.signed(PATH, {"preview": "9f"}, at=NOW, content_digest=""),
    "another's token": lambda: BEN.signed(PATH, {}, at=NOW) | {"token": ANN.signed(PATH, {}, at=NOW)["token"]},
    "with another body": lambda: ANN.signed(PATH, {"preview": "9f"}, at=NOW) | {"body": ""},
    "for another erasure": lambda: ANN.signed("/v1/erasures/era_2/confirmation", {"preview": "9f"}, at=NOW),
    "of the preview only": lambda: ANN.signed("/v1/erasures", {}, at=NOW),
    "an old one": lambda: ANN.signed(PATH, {"preview": "9f"}, at=NOW - timedelta(hours=1)),
    "their own for a child": lambda: ANN.signed(PATH, {"preview": "9f", "resident_id": "res_cleo"}, at=NOW),
    "their own of what names a child": lambda: ANN.signed(PATH, {"preview": "9f.res_cleo"}, at=NOW),
    "under a token that had ended": lambda: with_token(ANN.signed(PATH, at=NOW - timedelta(hours=3))["token"]),
    "by a key to which theirs delegated": lambda: delegated(ANN.signed(PATH, at=NOW)["token"]),
    "nonsense": lambda: {"token": "x", "proof": "y", "body": ""},
}


@pytest.mark.parametrize("request_of", FORGED.values(), ids=FORGED.keys())
async def test_with_any_other_request_nothing_is_erased(requests: SignedRequests, request_of: Request) -> None:
    await refused(asked(request_of()), requests)


async def test_one_confirmation_serves_one_erasure_also_under_an_earlier_time(
    requests: SignedRequests, clock: FakeClock
) -> None:
    signed = ANN.signed(PATH, {"preview": "9f"}, at=NOW)
    apply(Outcome(changes=await require_own(asked(signed), requests, nobody)))
    clock.advance(timedelta(days=20))
    assert "used before" in await refused(asked(signed, id="e2"), requests)
    clock.advance(timedelta(days=20))
    assert "within the last 30 days" in await refused(asked(signed, id="e3"), requests)
    assert await require_own(replace(asked(signed), is_redelivered=True), requests, nobody) == []


async def test_a_guardian_names_the_child_and_acts_for_it(requests: SignedRequests) -> None:
    async def of_ben(one: str, other: str) -> bool:
        return (one, other) == ("res_ben", "res_ann")

    for body in ({"resident_id": "res_ann"}, {"preview": "9f.res_ann"}):
        with pytest.raises(NotYet):  # the guardianship may be on its way; a stranger's is given up after an hour
            await require_own(asked(BEN.signed(PATH, body, at=NOW)), requests, nobody)
        assert await require_own(asked(BEN.signed(PATH, body, at=NOW)), requests, of_ben)
    with pytest.raises(BrokenMessageError):
        await require_own(asked(BEN.signed(PATH, {"preview": "9f"}, at=NOW)), requests, of_ben)


async def test_before_its_day_an_unsigned_one_counts(clock: FakeClock) -> None:
    later = signed_requests({EVENT: date(2026, 12, 24)}, clock)
    assert await require_own(asked(None), later, nobody) == []
    await refused(asked(BEN.signed(PATH, at=NOW)), later)


async def test_while_the_issuers_key_is_not_known_it_waits(clock: FakeClock) -> None:
    signed = ANN.signed(PATH, {"preview": "9f"}, at=NOW)
    header = base64url_encode(json.dumps({"alg": "ES256", "kid": "new"}).encode()).decode()
    token = ".".join((header, *signed["token"].split(".")[1:]))
    with pytest.raises(NotYet):
        await require_own(asked(signed | {"token": token}), signed_requests({}, clock), nobody)


CLERK = SigningPerson("clerk-1", "clerk")
SUSPENSION = "/v1/residents/res_ann/suspension"
PAIR = {"guardian_id": "res_ben", "child_id": "res_ann", "relation": "father"}


class AtTheWindow(View):
    """What readers take of what identity says."""

    resident_id: str = "res_ann"
    guardian_id: str = "res_ben"
    child_id: str = "res_ann"
    guardianship_id: str = "gua_1"
    signed_request: Signed | None = None


@dataclass
class Reader:
    """A service that hears of it."""

    signed_requests: SignedRequests
    heard: list[str]


async def note(event: Received[AtTheWindow], reader: Reader) -> Outcome[None]:
    reader.heard.append(event.id)
    return Outcome()


def said(name: str, signed: dict[str, str] | None, *, id: str = "e1", at: datetime = NOW) -> Received[AtTheWindow]:
    data = AtTheWindow.model_validate({"signed_request": signed})
    return Received(id, f"identity.{name}.v1", "/yizheng/identity", "c", at, data)


AT_THE_WINDOW: dict[str, tuple[str, Request]] = {
    "nobody's suspension": ("id-suspended", lambda: None),
    "a resident's": ("id-suspended", lambda: ANN.signed(SUSPENSION, {"reason": "x"}, at=NOW)),
    "of another person": ("id-suspended", lambda: CLERK.signed("/v1/residents/res_ben/suspension", {}, at=NOW)),
    "a reinstatement": ("id-suspended", lambda: CLERK.signed("/v1/residents/res_ann/reinstatement", {}, at=NOW)),
    "an old one": ("id-suspended", lambda: CLERK.signed(SUSPENSION, {}, at=NOW - timedelta(days=1))),
    "nobody's reinstatement": ("id-reinstated", lambda: None),
    "a suspension": ("id-reinstated", lambda: CLERK.signed(SUSPENSION, {}, at=NOW)),
    "nobody's guardianship": ("guardianship-registered", lambda: None),
    "of other two": (
        "guardianship-registered",
        lambda: CLERK.signed("/v1/guardianships", PAIR | {"guardian_id": "res_eve"}, at=NOW),
    ),
    "a reviewer's": ("guardianship-registered", lambda: SigningPerson("r").signed("/v1/guardianships", PAIR, at=NOW)),
}


@pytest.fixture
def reader(clock: FakeClock) -> Reader:
    names = ("id-suspended", "id-reinstated", "guardianship-registered")
    return Reader(signed_requests({f"identity.{name}": date(2026, 11, 1) for name in names}, clock), [])


@pytest.mark.parametrize(("name", "request_of"), AT_THE_WINDOW.values(), ids=AT_THE_WINDOW.keys())
async def test_identity_alone_neither_suspends_nor_appoints(reader: Reader, name: str, request_of: Request) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        await of_clerk(note)(said(name, request_of()), reader)
    assert (caught.value.reason, reader.heard) == ("not-signed-by-person", [])


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("id-suspended", SUSPENSION, {"reason": "挂失"}),
        ("id-reinstated", "/v1/residents/res_ann/reinstatement", {"reason": "找回"}),
        ("guardianship-registered", "/v1/guardianships", PAIR),
    ],
)
async def test_what_a_clerk_signed_is_heard_once(reader: Reader, name: str, path: str, body: dict[str, str]) -> None:
    signed = CLERK.signed(path, body, at=NOW)
    for _ in range(2):
        apply(await of_clerk(note)(said(name, signed), reader))
    with pytest.raises(BrokenMessageError, match="used before"):
        await of_clerk(note)(said(name, signed, id="e2"), reader)
    assert reader.heard == ["e1", "e1"]


END = "/v1/guardianships/gua_1/end"
BORN = date(2018, 12, 1)


async def of_age_at_18(child_id: str, reader: Reader) -> date | None:
    del reader
    return {"res_ann": date(BORN.year + 18, BORN.month, BORN.day)}.get(child_id)


def ended(signed: dict[str, str] | None, child: str = "res_ann", at: datetime = NOW) -> Received[AtTheWindow]:
    data = AtTheWindow.model_validate({"signed_request": signed, "child_id": child})
    return Received("e1", "identity.guardianship-ended.v1", "/yizheng/identity", "c", at, data)


async def test_a_guardianship_ends_unsigned_only_once_the_child_is_of_age(clock: FakeClock) -> None:
    reader = Reader(signed_requests({"identity.guardianship-ended": date(2026, 11, 1)}, clock), [])
    end = of_clerk(note, majority=of_age_at_18)
    later = datetime(2036, 12, 1, tzinfo=UTC)
    for claimed in (NOW, later):  # the event's own time is the publisher's word
        with pytest.raises(BrokenMessageError) as caught:
            await end(ended(None, at=claimed), reader)
        assert caught.value.reason == "not-signed-by-person"
    with pytest.raises(BrokenMessageError):
        await end(ended(CLERK.signed("/v1/guardianships/gua_2/end", {"reason": "x"}, at=NOW)), reader)
    with pytest.raises(NotYet):
        await end(ended(None, "res_unknown"), reader)
    assert reader.heard == []
    clock.advance(later - timedelta(hours=8, minutes=11) - NOW)
    with pytest.raises(BrokenMessageError):
        await end(ended(None), reader)
    clock.advance(timedelta(minutes=11))
    await end(ended(None), reader)
    assert reader.heard == ["e1"]


async def test_a_clerk_ends_a_guardianship_before_the_child_is_of_age(clock: FakeClock) -> None:
    reader = Reader(signed_requests({"identity.guardianship-ended": date(2026, 11, 1)}, clock), [])
    await of_clerk(note, majority=of_age_at_18)(ended(CLERK.signed(END, {"reason": "法院判决"}, at=NOW)), reader)
    assert reader.heard == ["e1"]
