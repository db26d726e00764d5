"""Whether a presentation counts, checked here: `make verify-credential FILE=shown.txt`.

Takes an SD-JWT, the text of a QR code, or the evidence of an agreement, from a file or standard input. Keys and status
lists come from the gateway, or, without any network, from files (`JWKS=`, `STATUS=`); what is checked never leaves.
It ends with 0 when the presentation counts, 1 when it does not, 2 when it can't be checked, and 3 when everything is
right but nobody said whether it was revoked. (`make` itself ends with 2 whatever went wrong; it prints the code.)
"""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from credential_store.domain import fetched
from credential_store.domain.fetched import NotThatListError
from credential_store.domain.sd_jwt import LARGEST
from credential_store.domain.verdict import Trusted, VerificationRequest, VerificationVerdict, judge
from runtime.clock import utc_now
from runtime.json_signatures import Payload, PublicKeys
from runtime.texts import Texts
from standards import strict_json

VALID, INVALID, UNCHECKED, STATUS_UNKNOWN = 0, 1, 2, 3
TEXTS = Texts.of("credential_store")
_MOST = 100 * LARGEST
"""Bytes of a file; nothing that is needed here is as large."""
_PATIENCE = 10.0
"""Seconds that the gateway may take."""


class CannotCheckError(Exception):
    """What the check needs can't be had."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where keys and lists come from: a gateway's address and the authority of its certificate, or files."""

    gateway: str
    jwks: str
    status: Sequence[str]
    authority: str = ""

    def trusted(self) -> Trusted:
        """Return whose signatures count; keys in a file count whoever they say is the issuer."""
        if self.jwks:
            keys = _keys(_read(self.jwks))
            return Trusted(keys, keys, None)
        about = _json(self._fetch("/.well-known/jwt-vc-issuer"))
        agreements = _keys(self._fetch("/.well-known/agreement-jwks.json"))
        return Trusted(_keys(orjson.dumps(about.get("jwks"))), agreements, {str(about.get("issuer"))})

    def lists(self, verdict: VerificationVerdict) -> Sequence[bytes]:
        """Return the lists that were saved, or those that the presentation names, from the gateway."""
        if self.jwks:
            return [_read(name) for name in self.status]
        return [self._fetch(urlsplit(address).path) for address in verdict.entries.values()]

    def _fetch(self, path: str) -> bytes:
        try:
            trusted = ssl.create_default_context(cafile=self.authority or None)
            address = f"{self.gateway.rstrip('/')}{path}"
            answer = httpx.get(address, timeout=_PATIENCE, verify=trusted).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise CannotCheckError(f"{self.gateway}{path}: {error}") from error
        return answer.content


def check(text: str, asked: VerificationRequest, source: Source) -> tuple[VerificationVerdict, bool]:
    """Return the verdict, and whether the status is known. Raises CannotCheckError."""
    trusted, now = source.trusted(), utc_now()
    verdict = judge(text.strip(), asked, trusted, now)
    if verdict.kind != "credential":
        return verdict, True
    try:
        lists = [fetched.read(each.decode(), trusted.credentials, now) for each in source.lists(verdict)]
        found = fetched.marks(verdict, fetched.by_address(lists))
    except (NotThatListError, ValueError) as error:
        raise CannotCheckError(f"a status list can't be used: {error}") from error
    marked = verdict.with_marks([purpose for purpose, is_set in found.items() if is_set])
    return marked, None not in found.values()


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names, and say what came of it."""
    wanted = _parser().parse_args(arguments)
    source = Source(wanted.gateway, wanted.jwks, wanted.status.split(), wanted.authority)
    try:
        text = _read(wanted.file).decode(errors="replace")
        verdict, is_known = check(text, VerificationRequest(wanted.audience or None, wanted.nonce or None), source)
    except CannotCheckError as error:
        print(f"verify-credential: {error}", file=sys.stderr)
        return UNCHECKED
    print("\n".join(_lines(verdict, wanted.language, is_known=is_known)))
    if not verdict.is_valid:
        return INVALID
    return VALID if is_known else STATUS_UNKNOWN


def _lines(verdict: VerificationVerdict, language: str, *, is_known: bool) -> list[str]:
    def say(key: str) -> str:
        return TEXTS.say(language, f"verification.{key}")

    word = "page.invalid" if verdict.reasons else "page.valid" if is_known else "status-unknown"
    lines = [say(word), *(f"  {code}: {say(f'reasons.{code}')}" for code in verdict.reasons)]
    return lines + [f"  {name}: {value}" for name, value in _about(verdict, language).items()]


def _about(verdict: VerificationVerdict, language: str) -> Mapping[str, object]:
    """Return what was signed by its names in a language, as the page shows it."""

    def say(key: str) -> str:
        return TEXTS.say(language, f"verification.page.{key}")

    def named(fields: Mapping[str, object]) -> dict[str, object]:
        key = "verification.fields.{}".format
        return {TEXTS.say(language, key(it)) if TEXTS.has(key(it)) else it: value for it, value in fields.items()}

    claims = verdict.claims
    if verdict.kind == "agreement":
        signed = "、".join(_signature(each) for each in claims["signatures"])
        return {"SHA-256": claims["terms_sha256"], **named(claims["terms"]["form"]), say("signed-by"): signed}
    if verdict.kind is None:
        return {}
    document = next(name["@value"] for name in claims["name"] if name["@language"] == language)
    until = str(claims["validUntil"])[:10] if "validUntil" in claims else say("no-end")
    term = f"{claims['validFrom'][:10]} – {until}"
    about = {
        say("document"): document,
        say("issuer"): claims["iss"],
        say("term"): term,
    }
    return about | named(verdict.fields)


def _signature(signed: Mapping[str, Any]) -> str:
    """Say who signed, and in whose place."""
    guardian = signed.get("guardian")
    return f"{signed['name']} ({guardian['name']})" if guardian else str(signed["name"])


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_MOST)
        with Path(name).open("rb") as file:
            return file.read(_MOST)
    except OSError as error:
        raise CannotCheckError(str(error)) from error


def _json(content: bytes) -> Payload:
    try:
        read = strict_json.loads(content)
    except ValueError as error:
        raise CannotCheckError(f"not JSON: {error}") from error
    if not isinstance(read, dict):
        raise CannotCheckError("not a JSON object")
    return read


def _keys(content: bytes) -> PublicKeys:
    try:
        return PublicKeys.from_jwks(_json(content))
    except ValueError as error:
        raise CannotCheckError(str(error)) from error


def _gateway() -> str:
    """Return GATEWAY, or the gateway of this machine, where `make run` puts it."""
    here = f"https://127.0.0.1:{os.environ.get('YIZHENG_PORT_BASE') or 18000}"
    return os.environ.get("GATEWAY") or here


def _authority() -> str:
    """Return YIZHENG_CA, or the authority of `make run` if there is one; else the system's vouch."""
    made = Path(os.environ.get("YIZHENG_VAR") or "var") / "keys" / "tls" / "authority.pem"
    return os.environ.get("YIZHENG_CA") or (str(made) if made.exists() else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify-credential", description="Check a presentation.")
    parser.add_argument("file", help="the presentation, or a QR code's text; - for standard input")
    parser.add_argument("--gateway", default=_gateway(), help="where keys and status lists are published")
    parser.add_argument("--authority", default=_authority(), help="the authority of the gateway's certificate")
    parser.add_argument("--jwks", default="", help="saved keys, instead of the gateway's")
    parser.add_argument("--status", default="", help="saved status lists, separated by spaces; with --jwks")
    parser.add_argument("--audience", default="", help="for whom the presentation must have been made")
    parser.add_argument("--nonce", default="", help="the nonce that the holder was given")
    parser.add_argument("--language", default="zh-CN", choices=("zh-CN", "en"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
