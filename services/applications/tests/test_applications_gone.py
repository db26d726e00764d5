"""An application that is gone stays gone: nothing waits for it, and nothing that was begun before leaves a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
import pytest
from pymongo.errors import OperationFailure

from applications import views
from applications.handlers import task_claims
from applications.handlers.dependencies import Deps
from applications.store import documents
from applications.subscriptions import SUBSCRIPTIONS
from bus.event import NOTHING, ConflictError, Outcome
from local_stack.layout import ROOT
from services.applications.tests.archive import opened
from services.applications.tests.office import NOON, Office
from services.applications.tests.service import Service
from store.commit import GONE, INBOX, Committer
from store.repository import Database, Write
from testkit.fakes import received
from testkit.other_committer import committing
from testkit.patience import IN_TIME, eventually

TASK: Mapping[str, Any] = {
    "task_id": "task_1",
    "kind": "review",
    "application_id": "app_1",
    "requirement": "housing",
}
EXAMPLES = ROOT / "shared/contracts/events"


def answers_to(id: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give an example of everything that the matcher and people say about an application."""
    for kind in (each.pattern for each in SUBSCRIPTIONS):
        data = orjson.loads((EXAMPLES / f"{kind}.example.json").read_bytes())["data"]
        if kind.startswith(("matcher.", "review-dispatch.")) and "application_id" in data:
            yield kind, {**data, "application_id": id}


async def test_every_answer_that_comes_after_the_erasure_is_done_at_once_and_leaves_nothing(
    service: Service, database: Database
) -> None:
    await service.knows("senior")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    await service.submits(id, by="senior")
    assert (await service.call("POST", f"/v1/applications/{id}/withdrawal", {}, by="senior")).status_code == 200
    holder = {"resident_id": "senior", "index": "9f" * 32}
    await service.tell("data-rights.erasure-requested.v1", {"erasure_id": "era_1", "holder": holder}, case="era_1")
    erased = await service.next_event("data-erased")
    assert erased["data"]["cases"] == [id]

    late = {f"late-{kind}": (kind, data) for kind, data in answers_to(id)}
    assert len(late) == 13
    for event_id, (kind, data) in late.items():
        await service.tell(kind, data, id=event_id, case=id)
    await eventually(partial(all_handled, database, set(late)))

    assert await database[GONE].find({}, {"at": 0}).to_list() == [{"_id": id, "version": 1}]
    assert await database["hands"].count_documents({}) == 0
    assert await database["applications"].count_documents({}) == 0


async def all_handled(database: Database, ids: set[str]) -> bool | None:
    handled = {row["_id"] async for row in database[INBOX].find({}, {"_id": 1})}
    return True if ids <= handled else None


async def claimed(deps: Deps) -> Outcome[None]:
    said = views.TaskClaimed(**TASK, claimed_by="wang", claimed_at=NOON, sequence=2)
    return await task_claims.note_claimed(received(said), deps)


async def released(deps: Deps) -> Outcome[None]:
    return await task_claims.note_released(received(views.TaskReleased(**TASK, sequence=3)), deps)


@pytest.mark.parametrize("hear", [claimed, released])
async def test_what_was_read_before_an_erasure_and_is_written_after_it_leaves_nothing(
    hear: Callable[[Deps], Awaitable[Outcome[None]]], database: Database
) -> None:
    applications = documents.ApplicationStore(database)
    deps = replace(Office().deps, applications=applications, hands=documents.HandStore(database))
    async with opened(database) as archive:
        await archive.file("app_1", "in-progress", in_hand=False)
        begun = await hear(deps)
        known = await applications.get("app_1")
        assert known is not None
        await archive.keep(applications.save(known.model_copy(update={"state": "withdrawn"})))
        await archive.erase("newcomer")

        with pytest.raises(ConflictError):
            await archive.commit(begun)
        assert await hear(deps) is NOTHING
        assert {name: found for name, found in (await archive.left()).items() if found} == {}


async def test_a_claim_keeps_nobody_from_changing_the_application(database: Database) -> None:
    """Its version stays, so that a change that was begun is not refused. What was claimed goes with it all the same."""
    applications = documents.ApplicationStore(database)
    deps = replace(Office().deps, applications=applications, hands=documents.HandStore(database))
    async with opened(database) as archive:
        await archive.file("app_1", "in-progress", in_hand=False)
        known = await applications.get("app_1")
        assert known is not None
        await archive.commit(await claimed(deps))
        await archive.keep(applications.save(known.model_copy(update={"state": "withdrawn"})))
        assert (await archive.left())["hands"] == {"task_1"}

        await archive.erase("newcomer")
        assert {name: found for name, found in (await archive.left()).items() if found} == {}


async def test_whoever_ends_an_application_waits_for_a_claim_that_another_process_is_writing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an erasure finds what was claimed: it can't begin before the end of the application is written."""
    applications = documents.ApplicationStore(database)
    deps = replace(Office().deps, applications=applications, hands=documents.HandStore(database))
    written, go_on, refused = asyncio.Event(), asyncio.Event(), asyncio.Event()
    write = Committer._write  # noqa: SLF001 - the place between writing and committing

    async def write_and_wait(self: Committer, *rest: Any) -> None:  # noqa: ANN401 - whatever it takes
        if self is not archive.committer:
            await write(self, *rest)
            written.set()
            await go_on.wait()
            return
        try:
            await write(self, *rest)
        except OperationFailure as error:
            assert error.has_error_label("TransientTransactionError")  # noqa: PT017 - it is repeated
            refused.set()
            raise

    async with opened(database) as archive, committing(database) as elsewhere:
        await archive.file("app_1", "in-progress", in_hand=False)
        known = await applications.get("app_1")
        assert known is not None
        claim = [change for change in (await claimed(deps)).changes if isinstance(change, Write)]
        monkeypatch.setattr(Committer, "_write", write_and_wait)
        claiming = asyncio.create_task(elsewhere.commit(claim))
        await written.wait()
        ending = applications.save(known.model_copy(update={"state": "withdrawn"}))
        withdrawing = asyncio.create_task(archive.keep(ending))
        async with asyncio.timeout(IN_TIME):
            await refused.wait()
        go_on.set()
        await asyncio.gather(claiming, withdrawing)

        await archive.erase("newcomer")
        assert {name: found for name, found in (await archive.left()).items() if found} == {}
