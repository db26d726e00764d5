"""The table: which handler hears which event, and as what. Identity only speaks."""

from __future__ import annotations

from identity.handlers.needs import Deps
from messaging.consumer import Subscription

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = ()
