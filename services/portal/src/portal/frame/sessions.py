"""Sessions: begun at sign-in, renewed while they are used, ended by silence, by age, or by their person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bus.concurrency import KeyedLocks
from portal.frame.person import AtTerminal, Session, SignedInPerson, Tokens
from portal.frame.provider import ProviderAway, SignInProvider, SignInRefused
from portal.frame.sealed import Recalled, Sealed, new_secret
from runtime.clock import Clock

_EARLY = timedelta(seconds=60)
"""How long before its end a token is renewed: a page's calls must not meet the end."""
_TOUCH = timedelta(minutes=2)
"""How often at most the use of a session is written down."""
REMEMBERED_FOR = 5.0
"""Seconds for which a process remembers a session, sealed, to begin the calls of a page while it is looked up.

So long a cookie that was left behind can still begin calls at a process that was not told of the sign-out.
"""
MOST_REMEMBERED = 2000
"""About three kilobytes each."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Sessions:
    """The sessions of all people."""

    kept: Sealed[Session]
    provider: SignInProvider
    clock: Clock
    silence: timedelta
    longest: timedelta
    lanes: KeyedLocks

    async def begin(self, person: SignedInPerson, tokens: Tokens) -> str:
        """Begin a session; return the secret for the browser, new at every sign-in."""
        secret, now = new_secret(), self.clock()
        session = Session(person=person, tokens=tokens, ends_at=now + self.longest, touched_at=now)
        await self._keep(secret, session)
        return secret

    async def begin_at_terminal(
        self, person: SignedInPerson, tokens: Tokens, terminal: AtTerminal, ends_at: datetime
    ) -> str:
        """Begin the session of a visit at a terminal; it is never renewed."""
        secret = new_secret()
        session = Session(person=person, tokens=tokens, ends_at=ends_at, touched_at=self.clock(), terminal=terminal)
        await self._keep(secret, session)
        return secret

    async def find(self, secret: str, recalled: Recalled[Session] | None = None) -> Session | None:
        """Return a session with tokens that are good for a while; None when it has ended.

        Raises ProviderAway when its tokens have ended and the provider can't be asked for others.
        """
        if not secret:
            return None
        session = await self.kept.find(secret, recalled)
        if session is None:
            return None
        if session.terminal is not None:
            await self._keep(secret, session)  # each request breaks the silence
            return session
        if session.tokens.until - self.clock() < _EARLY:
            return await self._renewed(secret)
        if self.clock() - session.touched_at > _TOUCH:
            await self._keep(secret, session.model_copy(update={"touched_at": self.clock()}))
        return session

    def recall(self, secret: str) -> Recalled[Session] | None:
        """Return a session as this process saw it a while ago, if there was nothing to be done for it but to look.

        It may have ended since: nothing is shown or changed for it before `find` has said the same.
        """
        recalled = self.kept.recall(secret) if secret else None
        if recalled is None or recalled.content.terminal is not None:
            return None
        return None if recalled.content.tokens.until - self.clock() < _EARLY else recalled

    async def end(self, secret: str) -> None:
        if secret:
            await self.kept.remove(secret)

    async def _renewed(self, secret: str) -> Session | None:
        """Renew the tokens once, however many pages of the person ask at the same time."""
        async with self.lanes.of(secret):
            session = await self.kept.find(secret)
            if session is None or session.tokens.until - self.clock() >= _EARLY:
                return session
            try:
                tokens = await self.provider.renew(session.tokens)
            except ProviderAway:
                if session.tokens.until > self.clock():
                    return session
                raise
            except SignInRefused as error:
                return await self._ended(secret, session, error)
            renewed = session.model_copy(update={"tokens": tokens, "touched_at": self.clock()})
            await self._keep(secret, renewed)
            return renewed

    async def _ended(self, secret: str, session: Session, error: SignInRefused) -> Session | None:
        """End what the provider has ended, unless another process of the portal was faster to renew it."""
        latest = await self.kept.find(secret)
        if latest is not None and latest.tokens != session.tokens:
            return latest
        log.info("session_ended_by_provider", error=str(error))
        await self.kept.remove(secret)
        return None

    async def _keep(self, secret: str, session: Session) -> None:
        silence = timedelta(seconds=session.terminal.seconds) if session.terminal else self.silence
        await self.kept.put(secret, session, min(self.clock() + silence, session.ends_at))
