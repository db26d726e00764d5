"""Who can sign in: the staff of `data/staff.yaml`, the residents that were loaded, and whoever is registered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict

from local_stack import tokens
from local_stack.certificates import trust
from local_stack.devices import ProvingAuth
from local_stack.failure import StackError
from local_stack.layout import Layout
from runtime.data_files import load

STAFF = Path(__file__).parent / "data" / "staff.yaml"
RESIDENTS = Path("synthetic") / "people.json"
"""Below `var`: the residents whom the loader has registered, see `synthetic.loader`."""
LINKED = Path("provider") / "linked.json"
"""Below `var`: whose identity number has been linked with which resident id."""

_SUBJECT = "P0001"
_PURPOSE = "统一身份认证平台开通账号：核对身份号码"
_TIMEOUT = 10.0


class ProviderPerson(BaseModel):
    """Somebody who can sign in, and a sentence of their story."""

    model_config = ConfigDict(frozen=True)
    subject: str
    role: str
    name: str
    departments: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    story: Mapping[str, str] = {}
    """By language; empty where there is nothing to tell."""


class Staff(BaseModel):
    """The file of the staff."""

    model_config = ConfigDict(frozen=True)
    people: tuple[ProviderPerson, ...]


@cache
def staff() -> Sequence[ProviderPerson]:
    """Read the staff. Raises DataFileError."""
    return load(STAFF, Staff).people


def residents(layout: Layout) -> Sequence[ProviderPerson]:
    """Return the residents who were loaded; none while nothing is."""
    path = layout.var / RESIDENTS
    if not path.exists():
        return ()
    return tuple(ProviderPerson(role="resident", **each) for each in json.loads(path.read_text(encoding="utf-8")))


def find(layout: Layout, subject: str) -> ProviderPerson | None:
    """Return somebody who is offered."""
    return next((each for each in (*residents(layout), *staff()) if each.subject == subject), None)


def by_number(layout: Layout, gateway: str, authority: Path, number: str) -> ProviderPerson | None:
    """Return the resident with an identity number; None when there is none.

    A number is asked for once, as a clerk does it, which the resident can read in their record; then it is linked.
    Raises StackError when the gateway can't answer.
    """
    linked = _linked(layout)
    if number not in linked:
        found = _look_up(layout, gateway, authority, number)
        if found is None:
            return None
        linked = {**linked, number: found}
        path = layout.var / LINKED
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(linked, ensure_ascii=False, indent=2), encoding="utf-8")
        path.chmod(0o600)
    resident_id, name = linked[number]
    return ProviderPerson(subject=resident_id, role="resident", name=name)


def _linked(layout: Layout) -> dict[str, list[str]]:
    path = layout.var / LINKED
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _look_up(layout: Layout, gateway: str, authority: Path, number: str) -> list[str] | None:
    token = tokens.sign(layout.keys, "clerk", subject=_SUBJECT)
    asked = {"number": number, "purpose": _PURPOSE}
    try:
        auth = ProvingAuth(layout.keys)
        with httpx.Client(base_url=gateway, verify=trust(authority), timeout=_TIMEOUT, auth=auth) as client:
            answer = client.post("/v1/lookups", json=asked, headers={"Authorization": f"Bearer {token}"})
    except httpx.TransportError as error:
        raise StackError(f"{gateway} does not answer: {error}") from error
    if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}:
        return None
    if answer.is_error:
        raise StackError(f"{gateway} answered {answer.status_code}")
    found = answer.json()
    return [found["resident_id"], found["name"]]
