"""Electronic credential identifiers (電子證照標識), as used under GB/T 36904.

`1.2.156.3005.2.<type>.<issuer>.<serial>.<version>.<check>`; the check character is ISO 7064 MOD 37,36 over type,
issuer, serial and version without the dots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_37_36

from runtime.errors import Refusal

ROOT = "1.2.156.3005.2"
HIGHEST_VERSION = 999
FIELD = "identifier"

_PARTS = 5
_SHAPES = {
    "type": re.compile(r"[0-9A-Z]{18}[0-9]{3}"),  # the definer's unified social credit code and a sequence
    "issuer": re.compile(r"[0-9A-Z]{18}|[0-9]{6,12}"),  # a unified social credit code, or an area code
    "serial": re.compile(r"[0-9A-Z]+"),
    "version": re.compile(r"(?!000)[0-9]{3}"),
}


@dataclass(frozen=True, slots=True)
class CredentialIdentifier:
    """The parts of an identifier; `str()` writes it out with its check character."""

    type_code: str
    issuer_code: str
    serial: str
    version: int

    def __str__(self) -> str:
        parts = (self.type_code, self.issuer_code, self.serial, f"{self.version:03}")
        return ".".join((ROOT, *parts, _check_character("".join(parts))))


def issue(type_code: str, issuer_code: str, serial: str, version: int) -> str:
    """Write an identifier. Raises Refusal when a part has the wrong form or the versions are used up."""
    if not 1 <= version <= HIGHEST_VERSION:
        raise Refusal("credential-identifier-version", field=FIELD, part=str(version))
    _check_shapes(type_code, issuer_code, serial, f"{version:03}")
    return str(CredentialIdentifier(type_code, issuer_code, serial, version))


def parse(text: str) -> CredentialIdentifier:
    """Read an identifier. Raises Refusal with the code `credential-identifier-…` that says what is wrong."""
    if not text.startswith(f"{ROOT}."):
        raise Refusal("credential-identifier-root", field=FIELD, root=ROOT)
    parts = text.removeprefix(f"{ROOT}.").split(".")
    if len(parts) != _PARTS:
        raise Refusal("credential-identifier-parts", field=FIELD)
    type_code, issuer_code, serial, version, check = parts
    _check_shapes(type_code, issuer_code, serial, version)
    if check != _check_character("".join(parts[:-1])):
        raise Refusal("credential-identifier-check-character", field=FIELD)
    return CredentialIdentifier(type_code, issuer_code, serial, int(version))


def next_version(text: str) -> str:
    """Return the identifier of the re-issue of a credential: same parts, version one higher, new check character."""
    old = parse(text)
    return issue(old.type_code, old.issuer_code, old.serial, old.version + 1)


def _check_shapes(*parts: str) -> None:
    for (name, shape), part in zip(_SHAPES.items(), parts, strict=True):
        if not shape.fullmatch(part):
            raise Refusal(f"credential-identifier-{name}", field=FIELD, part=part)


def _check_character(body: str) -> str:
    character: str = mod_37_36.calc_check_digit(body)
    return character
