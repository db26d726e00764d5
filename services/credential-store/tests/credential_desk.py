"""The credential store over memory, holding one permit: it shows, and it verifies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import cast

from joserfc.jwk import ECKey

from bus.event import Outcome
from credential_store.config import Settings
from credential_store.domain import status_list, versions
from credential_store.domain.credential import Credential, CredentialContent, CredentialPlace, IndexedHolder, Statement
from credential_store.domain.identifiers import credential_id
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.signed import TYP, Issuer, SignedVersion
from credential_store.domain.status import Trace, settle
from credential_store.domain.verdict import Trusted, VerificationRequest, VerificationVerdict
from credential_store.handlers import status_lists, verification
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.presentations import Wish, present
from credential_store.store import CredentialDocuments, SignedDocuments
from credential_store.store.district_files import read_types
from privacy.guardianships import Guardianship, Guardianships
from runtime.json_signatures import SigningKeys
from testkit.fakes import FakeClock, FakeDocuments, apply
from web.auth import Principal, Role

TYPES = read_types(Settings().authorities)
URL = "https://yizheng.example"
OLD, NEWER = (ECKey.generate_key("P-256") for _ in range(2))
ISSUER = Issuer(URL, SigningKeys.of(OLD))
AGREEMENTS = SigningKeys.of(ECKey.generate_key("P-256"))
TRUSTED = Trusted(ISSUER.keys.public, AGREEMENTS.public, {URL})
HOLDER = ECKey.generate_key("P-256")
INDEX = "9f" * 32
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RESIDENT = Principal("res_1", Role.RESIDENT)
NOTHING_ASKED = VerificationRequest()


def permit() -> Credential:
    content = CredentialContent(
        fields={"number": INDEX, "name": "李育成", "address": "民治街道幸福路1号3栋502"},
        origin="grant",
        valid_from=date(2026, 11, 23),
        valid_until=date(2036, 11, 22),
    )
    blank = Credential(
        id=credential_id(INDEX, "residence-permit"),
        document_type="residence-permit",
        record="",
        holder=IndexedHolder(resident_id="res_1", index=INDEX),
    )
    heard = versions.merge(blank, content, Statement(at=NOW), TYPES.numbering("residence-permit"))
    return settle(blank, heard, Trace(at=NOW, by="automatic"))


class FakePlaces:
    """Gives out places one after the other, all of list 3."""

    def __init__(self) -> None:
        self.given = 76

    async def next(self) -> CredentialPlace:
        self.given += 1
        return CredentialPlace(list=3, index=self.given)

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

    async def finds(self, text: str, asked: VerificationRequest = NOTHING_ASKED) -> VerificationVerdict:
        return await verification.verify(text, asked, self.deps)

    def marks(self, *purposes: status_list.Purpose) -> None:
        apply(Outcome(changes=[self.deps.signed.mark(CredentialPlace(list=3, index=77), purposes)]))


class _Deps:
    """What these handlers need of `Deps`."""

    def __init__(self, desk: Desk) -> None:
        self.credentials = CredentialDocuments(desk.credentials)
        self.signed = SignedDocuments(desk.signed)
        self.places = FakePlaces()
        self.issuer, self.trusted, self.types = ISSUER, TRUSTED, TYPES
        self.decoy = ISSUER.keys.sign({}, TYP)
        self.listed: dict[tuple[status_list.Purpose, int], object] = {}
        self.guardianships = Guardianships(FakeDocuments(Guardianship))
        self.clock = desk.clock


async def listed(desk: Desk, purpose: status_list.Purpose) -> str:
    return (await status_lists.published(purpose, 3, desk.deps)).text
