"""Operators work on pages of their own: the portal signs them in there, too.

Those pages keep a token in a cookie that only they are sent (`/operations/`, no script, not from other sites). It ends
with the token, after minutes; the portal hands over another one while its session lasts.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from portal.frame.device_key import DeviceKey
from portal.frame.person import Session
from portal.frame.template_pages import query
from web.auth import Role

ROOT = "/operations/"
COOKIE = "yizheng-operator"
HOME = f"/sign-in{query(next=ROOT)}"
"""Where an operator is led: the way to those pages that hands the token over."""


def leads_there(session: Session, address: str) -> bool:
    """Tell whether an operator goes on to the operators' pages."""
    return session.person.role is Role.OPERATOR and address.startswith(ROOT)


def hand_over(session: Session, answer: Response, key: DeviceKey, home: str) -> None:
    """Let the operators' pages know who it is, until the token ends: with the portal's word that it handed it over."""
    left = int((session.tokens.until - datetime.now(UTC)).total_seconds())
    token = session.tokens.access
    if session.tokens.is_bound:
        token += f"~{key.proof('GET', f'{home}{ROOT}', token)}"
    answer.set_cookie(COOKIE, token, left, path=ROOT, secure=True, httponly=True, samesite="strict")


def take_back(answer: Response) -> None:
    """Let nobody be signed in there any more."""
    answer.delete_cookie(COOKIE, path=ROOT, secure=True, httponly=True, samesite="strict")
