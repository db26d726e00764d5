"""The day itself: who can be called, what has happened so far, and a way to tell it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

import httpx

from local_stack.devices import ProvingAuth
from runtime.texts import Language, Texts
from store.blind_index import BlindIndex
from synthetic.caller import Caller, connect
from synthetic.people import SyntheticPerson
from tests.journeys.cast import Cast

Shown = str | bool | int | list[str] | None

TEXTS = Texts(Path(__file__).parent / "texts")


class Signs(Protocol):
    """Signs tokens, as an identity provider would."""

    def __call__(
        self,
        role: str,
        *,
        subject: str = "",
        departments: Collection[str] = (),
        communities: Collection[str] = (),
        bound: bool | None = None,
    ) -> str:
        """Return a token; `bound`: whether it is bound to its subject's key, by default by the role."""


@dataclass(frozen=True)
class System:
    """The running system as the outside sees it.

    Its door and who vouches for that, the broker for outside publishers, the key for records.
    """

    gateway: str
    authority: Path | None
    amqp_url: str
    index: BlindIndex
    keys: Path
    """The folder with the keys of the city and the departments."""
    sign: Signs

    def connect(self) -> httpx.AsyncClient:
        """Open connections that prove the keys of the tokens."""
        return connect(self.gateway, self.authority, auth=ProvingAuth(self.keys))


@dataclass
class Day:
    """One run of the newcomer's day."""

    system: System
    client: httpx.AsyncClient
    people: Cast
    today: date
    language: Language
    tell: Callable[[str], None]
    ids: dict[str, str] = field(default_factory=dict)
    """Resident ids by identity number."""
    applications: dict[str, str] = field(default_factory=dict)
    """Application ids by what they are for."""

    def say(self, key: str, **params: object) -> None:
        """Tell what has just happened, in plain language."""
        self.tell(TEXTS.say(self.language, key, **params))

    def listed(self, parts: Iterable[str]) -> str:
        """Join what is told in one sentence."""
        return TEXTS.say(self.language, "between").join(parts)

    def shown(self, value: Shown) -> str:
        """Show a value that was compared."""
        if value is None:
            return TEXTS.say(self.language, "nothing")
        return self.listed(value) if isinstance(value, list) else str(value)

    def resident(self, person: SyntheticPerson) -> Caller:
        """Act as a resident who is signed in."""
        return self._caller("resident", subject=self.ids[person.number])

    def staff(self, role: str, subject: str, *, department: str = "", community: str = "") -> Caller:
        """Act as somebody on duty."""
        departments = [department] if department else []
        communities = [community] if community else []
        return self._caller(role, subject=subject, departments=departments, communities=communities)

    def _caller(
        self, role: str, *, subject: str, departments: Collection[str] = (), communities: Collection[str] = ()
    ) -> Caller:
        token = self.system.sign(role, subject=subject, departments=departments, communities=communities, bound=True)
        return Caller(self.client, token, self.language)
