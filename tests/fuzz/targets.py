"""What strangers may send us as text, and what must hold of every text: it is refused as documented, or read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from joserfc.jwk import ECKey

from credential_store.domain import sd_jwt
from credential_store.domain.sd_jwt import NotSdJwtError, SdJwt
from credential_store.domain.verdict import Trusted, VerificationRequest, judge
from runtime.errors import Refusal
from runtime.json_signatures import SigningKeys
from standards import address, areas, identity_number, names

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEYS = SigningKeys.of(ECKey.generate_key("P-256"))
TRUSTED = Trusted(KEYS.public, KEYS.public, {"https://yizheng.example"})


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: what is done with a text, and texts to begin with."""

    take: Callable[[str], None]
    seeds: Sequence[str]


def credential(text: str) -> None:
    """Read a presentation: its text comes back as it was, and nobody's signature but ours makes it count."""
    with suppress(NotSdJwtError):
        assert SdJwt.read(text).text == text
    assert not judge(text, VerificationRequest(), TRUSTED, NOW).is_valid


def number(text: str) -> None:
    """Read an identity number: what is read has the right check character, and reads the same again."""
    try:
        read = identity_number.parse(text, today=TODAY)
    except Refusal:
        return
    assert read.birth_date is None or read.birth_date <= TODAY  # the older residence card has none
    assert identity_number.parse(read.number, today=TODAY) == read


def place(text: str) -> None:
    """Read an address: any text has parts, and the same parts each time; a road's name is no city's."""
    assert address.parse(text) == address.parse(text)
    assert areas.lies_in(text, "深圳") in {True, False, None}
    assert areas.lies_in(f"青岛市{text}", "深圳") is not True


def name(text: str) -> None:
    """Read a name: any text has one normal form, is its own name, and is a name or refused with a reason."""
    normal = names.normal_name(text)
    assert names.normal_name(normal) == normal
    assert names.compare(text, normal) == "equal"
    fault = names.check_name(text)
    assert fault is None or fault.field == "name"


_SIGNED = KEYS.sign({"iss": "https://elsewhere.example", "credentialSubject": {"_sd": []}}, "vc+sd-jwt")
_SHOWN = sd_jwt.Disclosure.of("name", "李育成", bytes(16)).text

TARGETS: Mapping[str, Target] = {
    "credential": Target(
        credential,
        (
            f"{_SIGNED}~",
            f"{_SIGNED}~{_SHOWN}~",
            f"{_SIGNED}~{_SHOWN}~{_SIGNED}",
            _SIGNED,
            "YZ1:MFRGGZDFMZTWQ2LK",
            "a.b.c~",
        ),
    ),
    "number": Target(number, ("440309199001010013", "11010519491231002x", "932682198501010017", "110105491231002")),
    "name": Target(
        name, ("李育成", "古丽米热．艾比布力", "葛\U000e0100文静", "⻢⻓⻰\0", "O’Brien, Seán Ⅲ", "锺馀鍾餘乾")
    ),
    "address": Target(
        place,
        (
            "深圳市龙华区民治街道民乐社区梅龙路12号3栋501",
            "龍華區大浪街道三棟二單元1001室",
            "湖南省邵阳市邵东县两市镇建设路18号",
        ),
    ),
}
