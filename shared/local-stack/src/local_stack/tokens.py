"""Signed development tokens: `make token ROLE=resident SUBJECT=… [DEPARTMENTS=a,b] [COMMUNITIES=c] [HOURS=12]`.

`make issuer-key` has them signed with a new key.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import jwt

from local_stack.devices import Device
from local_stack.failure import StackError
from local_stack.keys import ALGORITHM, ensure_keys, issuer_key, key_id, rotate_issuer_key, rotate_signing_keys
from local_stack.layout import Layout

ISSUER = "https://issuer.yizheng.example"
AUDIENCE = "yizheng"
ROLES = ("resident", "clerk", "terminal", "reviewer", "grid-officer", "official", "operator", "department")
HOURS = 12.0
BOUND = frozenset({"terminal"})
"""Roles whose tokens are bound to the key of a device, which is made with the first of them."""


def sign(
    keys: Path,
    role: str,
    *,
    subject: str = "",
    departments: Collection[str] = (),
    communities: Collection[str] = (),
    hours: float = HOURS,
) -> str:
    """Return a token that the services of this `var` accept; without a subject, `<role>-1`.

    Raises StackError for a role that does not exist.
    """
    if role not in ROLES:
        raise StackError(f"there is no role {role!r}; ROLE is one of {', '.join(ROLES)}")
    now = int(time.time())
    claims: dict[str, object] = {
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
    if role in BOUND:
        claims["cnf"] = {"jkt": Device(keys, str(claims["sub"])).thumbprint}
    key = issuer_key(keys)
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id(key)})


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
        token = sign(
            keys,
            wanted.role,
            subject=wanted.subject,
            departments=_words(wanted.departments),
            communities=_words(wanted.communities),
            hours=wanted.hours,
        )
    except StackError as error:
        print(f"token: {error}", file=sys.stderr)
        return 2
    print(token)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="token", description="Sign a development token.")
    parser.add_argument("--role", default="", help=", ".join(ROLES))
    parser.add_argument("--subject", default="", help="a resident id, a staff number, a device; <role>-1 by default")
    parser.add_argument("--departments", default="", help="departments, separated by commas")
    parser.add_argument("--communities", default="", help="communities, separated by commas")
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
