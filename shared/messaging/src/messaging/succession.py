"""Succession: a process that was killed may have left a transaction open, and the next one ends it.

The store itself would wait a minute, and refuse until then every change to what that transaction had touched.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from messaging.documents import Document

SESSIONS = "sessions"

log = structlog.get_logger()


async def succeed(database: AsyncDatabase[Document], session: AsyncClientSession) -> None:
    """End the sessions of predecessors and remember this one for the successor.

    A process of the same service that is alive has its transaction aborted once, and repeats it.
    """
    sessions = database[SESSIONS]
    mine = session.session_id["id"]
    left = [{"id": row["_id"]} async for row in sessions.find({"_id": {"$ne": mine}}, {"_id": 1})]
    if left:
        try:
            await database.client.admin.command({"killSessions": left})
        except OperationFailure as error:  # not allowed: the store ends them by itself, later
            log.warning("old_sessions_not_ended", error=repr(error))
    await sessions.replace_one({"_id": mine}, {"at": datetime.now(UTC)}, upsert=True)
