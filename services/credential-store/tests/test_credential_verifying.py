"""Verification under attack: whatever is presented, only what we signed counts, and only while it counts."""

from __future__ import annotations

import asyncio
import random
import sys
import zlib
from base64 import b32encode
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

import credential_store
from credential_store.commands import verify as command
from credential_store.consumed import GuardianshipChanged
from credential_store.domain import compact, fetched, hearing, sd_jwt, signed, status_list, verdict
from credential_store.domain.credential import Content, Credential, Holder, Place, Said
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.fetched import NotThatListError
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.identifiers import credential_id
from credential_store.domain.sd_jwt import NotSdJwtError, SdJwt
from credential_store.domain.signed import LIST_TYP, TYP, Issuer, SignedVersion
from credential_store.domain.standing import Trace, settle
from credential_store.domain.verdict import Asked, Trusted, Verdict, judge
from credential_store.handlers import guardianships, listing, verifying
from credential_store.handlers.needs import Deps
from credential_store.handlers.presenting import Wish, present
from credential_store.published import DataAccessed
from credential_store.store import CredentialDocuments, SignedDocuments
from messaging.event import Outcome
from runtime import signing
from runtime.access import Principal, Role
from runtime.data_files import load
from runtime.refusal import Clash, Refusal, Unknown
from runtime.signing import PublicKeys, SigningKeys
from standards import base64url
from testkit.fakes import FakeClock, FakeDocuments, apply, received

TYPES = load(Path(credential_store.__file__).parent / "data" / "document_types.yaml", DocumentTypes)
URL = "https://yizheng.example"
OLD, NEWER = (ECKey.generate_key("P-256") for _ in range(2))
ISSUER = Issuer(URL, SigningKeys.of(OLD))
AGREEMENTS = SigningKeys.of(ECKey.generate_key("P-256"))
TRUSTED = Trusted(ISSUER.keys.public, AGREEMENTS.public, {URL})
HOLDER = ECKey.generate_key("P-256")
INDEX = "9f" * 32
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RESIDENT = Principal("res_1", Role.RESIDENT)
NOTHING_ASKED = Asked()


def permit() -> Credential:
    content = Content(
        fields={"number": INDEX, "name": "李育成", "address": "民治街道幸福路1号3栋502"},
        origin="grant",
        valid_from=date(2026, 11, 23),
        valid_until=date(2036, 11, 22),
    )
    blank = Credential(
        id=credential_id(INDEX, "residence-permit"),
        document_type="residence-permit",
        record="",
        holder=Holder(resident_id="res_1", index=INDEX),
    )
    heard = hearing.hear(blank, content, Said(at=NOW), TYPES.numbering("residence-permit"))
    return settle(blank, heard, Trace(at=NOW, by="automatic"))


class FakePlaces:
    """Gives out places one after the other, all of list 3."""

    def __init__(self) -> None:
        self.given = 76

    async def next(self) -> Place:
        self.given += 1
        return Place(list=3, index=self.given)

    async def has(self, number: int) -> bool:
        return number == 3


class Desk:
    """The credential store over memory, holding one permit."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW + timedelta(hours=1))
        self.signed = FakeDocuments(SignedVersion)
        self.credentials = FakeDocuments(Credential, [permit()])
        self.checked = 0
        self.asked: list[str] = []
        self.deps = cast("Deps", _Deps(self))
        self.id = permit().id

    async def shows(
        self, *names: str, audience: str | None = None, nonce: str | None = None, key: ECKey | None = None
    ) -> SdJwt:
        wish = Wish(names, audience, nonce, key.as_dict(private=False) if key else None)
        outcome = await present(self.id, wish, RESIDENT, self.deps)
        apply(outcome)
        assert outcome.result is not None
        return outcome.result

    async def finds(self, text: str, asked: Asked = NOTHING_ASKED) -> Verdict:
        return await verifying.verify(text, asked, self.deps)

    def marks(self, *purposes: status_list.Purpose) -> None:
        apply(Outcome(changes=[self.deps.signed.mark(Place(list=3, index=77), purposes)]))


class _Deps:
    """What these handlers need of `Deps`."""

    def __init__(self, desk: Desk) -> None:
        self.credentials = CredentialDocuments(desk.credentials)
        self.signed = SignedDocuments(desk.signed)
        self.places = FakePlaces()
        self.issuer, self.trusted, self.types = ISSUER, TRUSTED, TYPES
        self.decoy = ISSUER.keys.sign({}, TYP)
        self.listed: dict[tuple[status_list.Purpose, int], object] = {}
        self.guardianships = FakeDocuments(Guardianship)
        self.clock = desk.clock


@pytest.fixture
def desk() -> Desk:
    return Desk()


def resigned(it: SdJwt, **changes: object) -> SdJwt:
    claims = {**ISSUER.keys.public.verify(it.signed, TYP), **changes}
    return SdJwt(ISSUER.keys.sign(claims, TYP), it.shown)


def proven(it: SdJwt, key: ECKey = HOLDER, **changes: object) -> str:
    claims = {
        "iat": int((NOW + timedelta(hours=1)).timestamp()),
        "aud": "https://library.example",
        "nonce": "n1",
        "sd_hash": it.proven_digest,
        **changes,
    }
    header = {"alg": "ES256", "typ": "kb+jwt"}
    return it.unproven + jws.serialize_compact(header, orjson.dumps(claims), key, algorithms=["ES256"])


async def test_what_is_shown_counts_and_says_only_that(desk: Desk) -> None:
    found = await desk.finds((await desk.shows("name")).text)
    assert (found.is_valid, found.fields) == (True, {"name": "李育成"})
    assert found.claims["documentType"] == "residence-permit"


@pytest.mark.parametrize(("purpose", "reason"), [("revocation", "revoked"), ("suspension", "suspended")])
async def test_a_marked_credential_never_counts(desk: Desk, purpose: status_list.Purpose, reason: str) -> None:
    text = (await desk.shows("name")).text
    desk.marks(purpose)
    assert (await desk.finds(text)).reasons == (reason,)


async def test_an_erased_credential_does_not_count(desk: Desk) -> None:
    text = (await desk.shows("name")).text
    desk.signed.all.clear()
    assert (await desk.finds(text)).reasons == ("revoked",)


async def test_time_ends_it(desk: Desk) -> None:
    text = (await desk.shows("name")).text
    desk.clock.now = datetime(2036, 11, 22, 15, 59, 59, tzinfo=UTC)  # the last second of the day in Shenzhen
    assert (await desk.finds(text)).is_valid
    desk.clock.now += timedelta(seconds=1)
    assert (await desk.finds(text)).reasons == ("expired",)
    desk.clock.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert (await desk.finds(text)).reasons == ("not-yet-valid",)
    desk.clock.now = datetime(2036, 12, 1, tzinfo=UTC)
    with pytest.raises(Clash, match="not-valid-now"):
        await desk.shows("name")


async def test_only_what_is_there_is_shown_and_only_by_its_holder(desk: Desk) -> None:
    with pytest.raises(Refusal, match="nothing-to-show"):
        await desk.shows("number")
    with pytest.raises(Unknown, match="credential-unknown"):
        await present(desk.id, Wish(()), Principal("res_2", Role.RESIDENT), desk.deps)


async def test_a_guardian_shows_a_wards_and_the_ward_can_read_that(desk: Desk) -> None:
    father, wish = Principal("res_father", Role.RESIDENT), Wish(("name",))
    with pytest.raises(Unknown, match="credential-unknown"):
        await present(desk.id, wish, father, desk.deps)
    begun = GuardianshipChanged(guardianship_id="g", guardian_id="res_father", child_id="res_1", sequence=1)
    apply(await guardianships.begin(received(begun), desk.deps))

    outcome = await present(desk.id, wish, father, desk.deps)

    assert outcome.result is not None
    assert (await desk.finds(outcome.result.text)).fields == {"name": "李育成"}
    (event,) = outcome.events
    assert isinstance(event, DataAccessed)
    assert (event.by.subject, event.holder.resident_id, event.how) == ("res_father", "res_1", "viewed")
    assert not (await present(desk.id, wish, RESIDENT, desk.deps)).events
    ended = begun.model_copy(update={"sequence": 2})
    apply(await guardianships.end(received(ended), desk.deps))
    with pytest.raises(Unknown, match="credential-unknown"):
        await present(desk.id, wish, father, desk.deps)


async def test_a_presentation_for_one_verifier_is_nobody_elses(desk: Desk) -> None:
    text = (await desk.shows("name", audience="https://library.example", nonce="n1")).text
    right = Asked("https://library.example", "n1")
    assert (await desk.finds(text, right)).is_valid
    assert (await desk.finds(text, Asked("https://bank.example", "n1"))).reasons == ("wrong-audience",)
    assert (await desk.finds(text, Asked("https://library.example", "n2"))).reasons == ("wrong-nonce",)
    assert (await desk.finds(text)).reasons == ("wrong-audience", "wrong-nonce")
    assert not (await desk.finds((await desk.shows("name")).text, right)).is_valid
    desk.clock.advance(timedelta(minutes=16))
    assert (await desk.finds(text, right)).reasons == ("presentation-expired",)


async def test_a_holders_key_proves_who_shows_it(desk: Desk) -> None:
    shown = await desk.shows("name", key=HOLDER)
    right = Asked("https://library.example", "n1")
    assert (await desk.finds(proven(shown), right)).is_valid
    stale = int((NOW - timedelta(hours=1)).timestamp())
    for text, reason in (
        (shown.text, "holder-not-proven"),
        (proven(shown, ECKey.generate_key("P-256")), "holder-not-proven"),
        (proven(shown, sd_hash="x"), "holder-not-proven"),
        (proven(shown, iat="now"), "holder-not-proven"),
        (proven(shown, iat=stale), "presentation-expired"),
        (proven(shown, iat=stale + 10**12), "presentation-expired"),
        (proven(shown, aud="https://bank.example"), "wrong-audience"),
        (proven(shown, nonce="n2"), "wrong-nonce"),
        (proven(shown.showing([])).replace("~", f"~{shown.shown[0].text}~", 1), "holder-not-proven"),
    ):
        assert (await desk.finds(text, right)).reasons == (reason,)
    unbound = await desk.shows("name")
    assert (await desk.finds(proven(unbound))).reasons == ("holder-not-proven",)


async def test_a_rotated_key_signs_anew_and_what_the_old_one_signed_still_counts(desk: Desk) -> None:
    before = (await desk.shows("name")).text
    keys = SigningKeys.of(NEWER, OLD)
    desk.deps.issuer, desk.deps.trusted = Issuer(URL, keys), Trusted(keys.public, AGREEMENTS.public, {URL})  # type: ignore[misc] # a fake
    assert (await desk.finds(before)).is_valid
    bound = await desk.shows("name", nonce="n")
    assert (await desk.finds(bound.text, Asked(nonce="n"))).is_valid
    gone = Trusted(SigningKeys.of(NEWER).public, AGREEMENTS.public, {URL})
    assert judge(before, NOTHING_ASKED, gone, desk.clock()).reasons == ("unknown-issuer",)
    assert judge(bound.text, Asked(nonce="n"), gone, desk.clock()).is_valid


async def test_nothing_that_was_tampered_with_counts(desk: Desk) -> None:
    it, other = await desk.shows("name", "address"), resigned(await desk.shows("name"), iat=1)
    header, payload, signature = it.signed.split(".")
    claims = orjson.loads(base64url.decode(payload))
    later = base64url.encode(orjson.dumps({**claims, "validUntil": "2099-01-01T00:00:00+08:00"}))
    forged = sd_jwt.Disclosure.of("name", "王五")
    for text, reason in (
        (f"{header}.{later}.{signature}~", "bad-signature"),
        (f"{header}.{payload}.{other.signed.split('.')[2]}~", "bad-signature"),
        (f"{it.text}{it.shown[0].text}~", "altered-disclosure"),
        (SdJwt(it.signed, [forged]).text, "altered-disclosure"),
        (SdJwt(it.signed, [it.shown[0], forged]).text, "altered-disclosure"),
        (ISSUER.keys.sign(claims, LIST_TYP) + "~", "wrong-kind"),
        (ISSUER.keys.sign(claims, verdict.AGREEMENT_TYP), "unknown-issuer"),
        (AGREEMENTS.sign(claims, TYP) + "~", "unknown-issuer"),
        (resigned(it, iss="https://elsewhere.example").text, "unknown-issuer"),
        (resigned(it, iat=int(NOW.timestamp()) + 86_400).text, "not-yet-valid"),
        (f"{unsigned(claims, alg='none')}.~", "malformed"),
        (f"{unsigned(claims, alg='HS256')}.{signature}~", "malformed"),
        (it.text[:-30], "holder-not-proven"),
        (it.signed[:-30] + "~", "malformed"),
        (it.text.replace("~", "~~", 1), "malformed"),
        (f"{it.signed}", "wrong-kind"),
        ("", "malformed"),
        ("x" * 40_000, "too-large"),
        ("~" * 1000, "malformed"),
        (f"{it.signed}~{'YQ~' * 100}", "malformed"),
    ):
        found = await desk.finds(text)
        assert (found.is_valid, found.reasons) == (False, (reason,)), text[:80]
        assert not found.fields or reason in {"not-yet-valid", "holder-not-proven"}  # signed, all of it


def unsigned(claims: dict[str, object], **header: str) -> str:
    return ".".join(base64url.encode(orjson.dumps(each)) for each in ({"typ": TYP, "kid": "x", **header}, claims))


async def test_the_order_of_what_is_shown_does_not_matter(desk: Desk) -> None:
    it = await desk.shows("name", "address")
    assert (await desk.finds(SdJwt(it.signed, it.shown[::-1]).text)).is_valid


async def test_every_answer_costs_one_signature_and_one_look_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (await desk.shows("name")).text
    counted = {"signatures": 0, "look-ups": 0}
    verify, get = signing._checked, desk.deps.signed.get  # noqa: SLF001 - counted, not called

    def counting(text: str, key: ECKey) -> object:
        counted["signatures"] += 1
        return verify(text, key)

    async def looking(id: str) -> SignedVersion | None:
        counted["look-ups"] += 1
        return await get(id)

    monkeypatch.setattr(signing, "_checked", counting)
    monkeypatch.setattr(desk.deps.signed, "get", looking)
    costs = set()
    for each in (text, text[:-30], "", "x" * 40_000, text.replace(".", ".A", 1), AGREEMENTS.sign({}, TYP) + "~"):
        counted.update({"signatures": 0, "look-ups": 0})
        await desk.finds(each)
        costs.add((min(counted["signatures"], 1), counted["look-ups"]))
    assert costs == {(1, 1)}


async def test_a_qr_code_holds_the_same_in_less(desk: Desk) -> None:
    it = await desk.shows("name", "address")
    packed = compact.pack(it)
    assert compact.unpack(packed) == it.text
    assert len(packed) < len(it.text) * 0.8
    assert (await desk.finds(packed)).is_valid


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xff", bytes(100_000), b"\x00\x05ab", b"\x00\x00" * 20_000], ids=len
)
async def test_what_unpacks_to_nonsense_is_malformed(desk: Desk, content: bytes) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = compact.PREFIX + b32encode(deflate.compress(content) + deflate.flush()).decode().rstrip("=")
    assert (await desk.finds(text)).reasons == ("malformed",)


@settings(max_examples=300)
@given(st.text() | st.text("AB234567=~.").map(lambda it: compact.PREFIX + it) | st.binary().map(str))
def test_any_text_has_a_verdict_and_none_counts(text: str) -> None:
    assert not judge(text, NOTHING_ASKED, TRUSTED, NOW).is_valid


def test_no_single_changed_character_makes_another_presentation_that_counts() -> None:
    seed = random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    it = permit()
    whole = signed.sign(it, it.issues[0], Place(list=3, index=77), ISSUER, TYPES, NOW).text
    later = NOW + timedelta(hours=1)
    assert judge(whole, NOTHING_ASKED, TRUSTED, later).is_valid
    for _ in range(150):
        place = chance.randrange(len(whole))
        other = chance.choice("ABCabc019-_.~ ")
        changed = whole[:place] + other + whole[place + 1 :]
        if changed != whole:
            assert not judge(changed, NOTHING_ASKED, TRUSTED, later).is_valid, place


async def listed(desk: Desk, purpose: status_list.Purpose) -> str:
    return (await listing.published(purpose, 3, desk.deps)).text


async def test_a_list_is_made_anew_after_a_minute(desk: Desk) -> None:
    await desk.shows("name")
    first = await listed(desk, "revocation")
    desk.marks("revocation")
    assert await listed(desk, "revocation") == first
    desk.clock.advance(timedelta(minutes=1))
    claims = fetched.read(await listed(desk, "revocation"), TRUSTED.credentials, desk.clock())
    encoded = claims["credentialSubject"]["encodedList"]
    assert [status_list.is_set(encoded, place) for place in (76, 77, 78)] == [False, True, False]
    with pytest.raises(Unknown, match="status-list-unknown"):
        await listing.published("revocation", 4, desk.deps)


async def test_a_swapped_or_old_list_says_nothing(desk: Desk) -> None:
    found = judge((await desk.shows("name")).text, NOTHING_ASKED, TRUSTED, desk.clock())
    desk.marks("revocation")
    read = [fetched.read(await listed(desk, each), TRUSTED.credentials, desk.clock()) for each in status_list.PURPOSES]
    assert fetched.marks(found, fetched.by_address(read)) == {"revocation": True, "suspension": False}
    assert fetched.marks(found, {}) == {"revocation": None, "suspension": None}
    swapped = {found.entries["revocation"]: read[1], found.entries["suspension"]: read[1]}
    assert fetched.marks(found, swapped)["revocation"] is None
    with pytest.raises(NotThatListError, match="expired"):
        fetched.read(await listed(desk, "revocation"), TRUSTED.credentials, desk.clock() + timedelta(hours=2))
    with pytest.raises(NotThatListError, match="unknown-issuer"):
        fetched.read(AGREEMENTS.sign(read[0], LIST_TYP), TRUSTED.credentials, desk.clock())
    with pytest.raises(NotThatListError, match="wrong-kind"):
        fetched.read(ISSUER.keys.sign(read[0], TYP), TRUSTED.credentials, desk.clock())


class Shown:
    """Files with what somebody was shown and has fetched, for the command."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.desk = folder, Desk()
        monkeypatch.setattr(command, "utc_now", self.desk.clock)
        self.text = asyncio.run(self.desk.shows("name"))

    def writes(self, name: str, content: str | bytes) -> str:
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(file)

    def lists(self) -> Sequence[str]:
        self.desk.deps.listed.clear()
        return [self.writes(each, asyncio.run(listed(self.desk, each))) for each in status_list.PURPOSES]

    def checks(self, text: str, *, keys: PublicKeys = TRUSTED.credentials, lists: Sequence[str] | None = None) -> int:
        jwks = self.writes("jwks.json", orjson.dumps(keys.jwks()))
        status = " ".join(self.lists() if lists is None else lists)
        arguments = [self.writes("shown", text), "--jwks", jwks, "--status", status, "--language", "en"]
        return command.main(arguments)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(tmp_path, monkeypatch)


def test_the_command_says_whether_it_counts(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown.checks(shown.text.text) == command.VALID
    said = capsys.readouterr().out
    assert said.startswith("Valid\n")
    assert "name: 李育成" in said
    assert shown.checks(compact.pack(shown.text) + "\n") == command.VALID
    assert shown.checks(shown.text.text, lists=[]) == command.STATUS_UNKNOWN
    shown.desk.marks("revocation")
    assert shown.checks(shown.text.text) == command.INVALID
    assert "revoked" in capsys.readouterr().out
    assert shown.checks(shown.text.text, keys=AGREEMENTS.public) == command.INVALID


def test_the_command_says_when_it_cannot_check(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = [shown.writes("shown", shown.text.text), "--gateway", "http://127.0.0.1:9"]
    assert command.main(nowhere) == command.UNCHECKED
    assert command.main([str(shown.folder / "missing"), "--jwks", str(shown.folder / "none")]) == command.UNCHECKED
    assert shown.checks(shown.text.text, lists=[shown.writes("broken", "nothing")]) == command.UNCHECKED
    shown.desk.clock.advance(timedelta(hours=2))
    old = [shown.writes("old", asyncio.run(listed(shown.desk, "revocation")))]
    shown.desk.clock.advance(timedelta(hours=2))
    assert shown.checks(shown.text.text, lists=old) == command.UNCHECKED
    assert "can't be used: expired" in capsys.readouterr().err


def test_a_text_that_is_no_presentation_is_never_unpacked_without_end() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(bytes(50_000_000)) + bomb.flush()
    with pytest.raises(NotSdJwtError):
        compact.unpack(compact.PREFIX + b32encode(packed).decode().rstrip("="))
