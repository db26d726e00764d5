"""What all visits share: settings, texts and templates, the gateway and the provider, sessions, what is kept."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jinja2 import Environment

from portal.frame import operators
from portal.frame.calls import PublicAnswers, found_answers, public_answers
from portal.frame.device_key import DeviceKey, own_key
from portal.frame.gateway_transport import GatewayClient
from portal.frame.kept import Kept
from portal.frame.provider import SignInProvider
from portal.frame.sealed import Sealed
from portal.frame.sessions import Sessions
from portal.settings import Settings
from runtime.texts import Language, Texts
from web.auth import Role

if TYPE_CHECKING:
    from portal.frame.forms import KeptForm
    from portal.frame.place import Place
    from portal.frame.provider import Attempt


@dataclass(frozen=True)
class Frame:
    """One for a process."""

    settings: Settings
    texts: Texts
    templates: Mapping[Language, Environment]
    places: Sequence[Place]
    client: GatewayClient
    provider: SignInProvider
    sessions: Sessions
    attempts: Sealed[Attempt]
    kept_forms: Sealed[KeptForm]
    key: bytes
    public: PublicAnswers = field(default_factory=public_answers)
    found: PublicAnswers = field(default_factory=found_answers)
    begun: Kept[tuple[str, str], tuple[str, str]] = field(default_factory=lambda: Kept(seconds=3600, most=10_000))
    """The item of an application and whom it is for, which never change, by who asked and its id."""

    @cached_property
    def own_key(self) -> DeviceKey:
        """What people's tokens are bound to."""
        return own_key(self.key)

    def place_of(self, path: str) -> Place:
        """Return the place that an address is in; the longest root wins, as `/` holds everything."""
        return next(each for each in self._by_root if each.holds(path))

    @cached_property
    def _by_root(self) -> Sequence[Place]:
        return sorted(self.places, key=lambda each: len(each.root), reverse=True)

    def home_of(self, role: Role) -> str:
        """Return where somebody goes who has just signed in."""
        if role is Role.OPERATOR:
            return operators.HOME
        return next((each.root for each in self.places if role in each.roles), "/")

    def keyed(self, *parts: str) -> str:
        """Return a hash of some words that only the portal can make."""
        return hmac.new(self.key, "\n".join(parts).encode(), "sha256").hexdigest()
