"""Signed development tokens: `make token ROLE=resident SUBJECT=… [DEPARTMENTS=a,b] [COMMUNITIES=c] [HOURS=12]`.

Whom a token speaks for must be somebody: staff are by default who typed the command; departments and communities exist.
`make issuer-key` has them signed with a new key.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import jwt
import yaml

from bus import topology
from local_stack.accounts.permissions import TOPOLOGY
from local_stack.devices import Device, key_path
from local_stack.failure import StackError
from local_stack.keys import ALGORITHM, ensure_keys, issuer_key, key_id, rotate_issuer_key, rotate_signing_keys
from local_stack.layout import ROOT, Layout
from local_stack.ports import Ports
from standards import communities

ISSUER = "https://issuer.yizheng.example"
AUDIENCE = "yizheng"
ROLES = ("resident", "clerk", "terminal", "reviewer", "grid-officer", "official", "operator", "department")
STAFF = frozenset({"clerk", "reviewer", "grid-officer", "official", "operator"})
ROUTES = ROOT / "services" / "review-dispatch" / "src" / "review_dispatch" / "data" / "routes.yaml"
"""Names every office whose people decide tasks, leads and supervision among them; most have no system of their own."""
_WHO = {
    "resident": "the resident_id (res_…) of a registered person, as the registration at a window answers it",
    "terminal": "the name of a terminal, such as terminal-07",
    "department": "a department, or any name of its system with DEPARTMENTS",
}
"""What SUBJECT is for those who are not staff, and whom nobody may invent."""
HOURS = 12.0
BOUND = STAFF | {"terminal"}
"""Roles whose tokens are bound to a key of their subject's, which is made with the first of them."""


def sign(  # noqa: PLR0913 - what a token says
    keys: Path,
    role: str,
    *,
    subject: str = "",
    departments: Collection[str] = (),
    communities: Collection[str] = (),
    hours: float = HOURS,
    claims: Mapping[str, object] | None = None,
    bound: bool | None = None,
) -> str:
    """Return a token that the services of this `var` accept; without a subject, `<role>-1`. `claims` are added.

    `bound`: whether it is bound to its subject's key; by default it is for staff and terminals. Raises StackError for a
    role that does not exist.
    """
    if role not in ROLES:
        raise StackError(f"there is no role {role!r}; ROLE is one of {', '.join(ROLES)}")
    now = int(time.time())
    said: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject or f"{role}-1",
        "role": role,
        "departments": sorted(departments),
        "communities": sorted(communities),
        "jti": secrets.token_hex(8),
        "auth_time": now,
        "iat": now,
        "exp": now + int(hours * 3600),
    }
    if role in BOUND if bound is None else bound:
        said["cnf"] = {"jkt": Device(keys, str(said["sub"])).thumbprint}
    said |= claims or {}
    key = issuer_key(keys)
    return jwt.encode(said, key, algorithm=ALGORITHM, headers={"kid": key_id(key)})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a token for what the command line asks for."""
    wanted = _parser().parse_args(arguments)
    keys = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    try:
        if wanted.new_key:
            print(f"tokens are signed with key {rotate_issuer_key(keys)} from now on; the last one stays valid")
            return 0
        if wanted.new_signing_keys:
            rotate_signing_keys(keys)
            print("credentials and agreements are signed with new keys after the next start; older ones go on counting")
            return 0
        ensure_keys(keys)
        departments, places = _words(wanted.departments), _words(wanted.communities)
        check_departments(departments, offices() if wanted.role in STAFF else ())
        check_communities(places)
        subject = wanted.subject or subject_of(wanted.role, departments)
        check_subject(wanted.role, subject, departments)
        token = sign(
            keys, wanted.role, subject=subject, departments=departments, communities=places, hours=wanted.hours
        )
    except StackError as error:
        print(f"token: {error}", file=sys.stderr)
        return 2
    if not wanted.quiet and "cnf" in jwt.decode(token, options={"verify_signature": False}):
        said = f"it counts with proofs of {key_path(keys, subject)} only: `make signed` calls with them"
        print(f"token: {said}; the command `operations` takes that file as OPERATIONS_KEY", file=sys.stderr)
    print(_for_page(keys, subject, token) if wanted.page else token)
    return 0


def _for_page(keys: Path, subject: str, token: str) -> str:
    """Return what the operators' page takes: the token with a proof of its key, good for an hour."""
    gateway = os.environ.get("GATEWAY", "") or Ports.from_environment().gateway_url
    return f"{token}~{Device(keys, subject).proof('GET', f'{gateway}/operations/', token)}"


def subject_of(role: str, departments: Sequence[str]) -> str:
    """Return who a token is for when nobody was named: its one department, or who typed the command, for staff.

    Raises StackError for anybody else: a resident who does not exist has no applications.
    """
    if role == "department" and len(departments) == 1:
        return departments[0]
    if role in STAFF:
        try:
            name = getpass.getuser()
        except (KeyError, OSError) as error:  # a container's user may have no name
            raise StackError(f"{role} needs SUBJECT: who you are") from error
        print(f"token: for {role} {name!r}, who typed this; SUBJECT=… for somebody else", file=sys.stderr)
        return name
    if role in ROLES:
        known = f"; DEPARTMENT is one of {', '.join(known_departments())}" if role == "department" else ""
        raise StackError(f"{role} needs SUBJECT: {_WHO[role]}{known}")
    return ""


def check_subject(role: str, subject: str, departments: Sequence[str]) -> None:
    """Raise StackError for a resident's id that can be none, and a department that does not exist."""
    if role == "resident" and not subject.startswith("res_"):
        raise StackError(f"{subject!r} is no resident; SUBJECT is {_WHO[role]}")
    if role == "department" and not departments:
        check_departments([subject])


def known_departments() -> tuple[str, ...]:
    return tuple(topology.load(TOPOLOGY).departments)


def offices() -> tuple[str, ...]:
    """Return the offices that staff may work for beside the departments."""
    named = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))["departments"]
    return tuple(code for code in named if code not in known_departments())


def check_departments(codes: Sequence[str], offices: Sequence[str] = ()) -> None:
    """Raise StackError for a department that does not exist, listing those that do."""
    _check("department", "DEPARTMENTS", codes, (*known_departments(), *offices))


def check_communities(codes: Sequence[str]) -> None:
    """Raise StackError for a community that does not exist, listing those that do."""
    known = {each.code: each.name.zh_cn for office in communities.offices() for each in office.communities}
    _check("community", "COMMUNITIES", codes, known, [f"{code} {name}" for code, name in known.items()])


def _check(kind: str, setting: str, codes: Sequence[str], known: Collection[str], shown: Sequence[str] = ()) -> None:
    unknown = [code for code in codes if code not in known]
    if unknown:
        listed = ", ".join(shown or known)
        raise StackError(f"there is no {kind} {unknown[0]!r}; {setting} is one or more of {listed}, with commas")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="token", description="Sign a development token.")
    parser.add_argument("--role", default="", help=", ".join(ROLES))
    parser.add_argument("--subject", default="", help="a resident id, a staff number, a device; staff: who typed it")
    parser.add_argument("--departments", default="", help="departments, separated by commas")
    parser.add_argument("--communities", default="", help="communities, separated by commas")
    parser.add_argument("--quiet", action="store_true", help="without a word on what the token is bound to")
    parser.add_argument("--page", action="store_true", help="what the operators' page takes, for an hour")
    parser.add_argument("--new-key", action="store_true", help="sign with a new key from now on")
    parser.add_argument(
        "--new-signing-keys",
        action="store_true",
        help="new keys for credentials and agreements, from the next start on",
    )
    parser.add_argument("--hours", type=float, default=HOURS, help="how long it is good; negative for an expired one")
    return parser


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


if __name__ == "__main__":
    raise SystemExit(main())
