from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aio_pika
import orjson
import pytest

from messaging import dead_letters
from messaging.dead_letters import main
from messaging.event import Outcome, Received
from messaging.publisher import BrokerUnavailableError, Publisher
from messaging.topology import DEAD_LETTER_EXCHANGE, Topology, dead_letters_of, load
from shared.messaging.tests.harness import (
    Database,
    Placed,
    PlacedView,
    Tallies,
    depth,
    eventually,
    hearing,
    order,
    put,
    station,
    stock_of,
)
from testkit.fixtures import Addresses

BROKEN = b'{"name": "\xe6\x9d\x8e\xe8\x82\xb2\xe6\x88\x90", "number": "440188"}'


class Office:
    """An operator with the command at hand."""

    def __init__(self, amqp: str, topology: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._options = ("--amqp", amqp, "--topology", str(topology))
        self._capsys = capsys
        self.errors = ""

    async def run(self, *arguments: str, ends_with: int = 0) -> str:
        """Run the command, check its exit code and return what it printed."""
        self._capsys.readouterr()  # what others said before
        try:
            code = await asyncio.to_thread(main, [arguments[0], *self._options, *arguments[1:]])
        except SystemExit as error:
            code = int(str(error.code))
        printed, self.errors = self._capsys.readouterr()
        assert code == ends_with, self.errors
        return printed

    async def letters(self, *arguments: str) -> list[dict[str, Any]]:
        """List the letters."""
        listed: list[dict[str, Any]] = json.loads(await self.run("list", "--json", *arguments))
        return listed


@pytest.fixture
def office(infrastructure: Addresses, small: Topology, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    file = tmp_path / "topology.toml"
    keys = "\n".join(f'"{key}" = {json.dumps(services)}' for key, services in small.subscriptions.items())
    trail = f'[trail]\nqueue = "{small.trail.queue}"\nmax_age = "1h"\nmax_bytes = 20000000\n'
    file.write_text(f'exchange = "{small.exchange}"\n{trail}[retry]\ndelays = [0.05, 0.1]\n[subscriptions]\n{keys}\n')
    assert load(file) == small
    return Office(infrastructure.amqp, file, capsys)


async def refuse(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    raise LookupError("there is no shelf for it")


FAILED = [order(n, case=f"case-{n}", note="李育成") for n in range(3)]


@pytest.fixture
async def queue(infrastructure: Addresses, database: Database, small: Topology) -> str:
    """The queue of dead letters, with three that a handler failed and one that was broken."""
    name = dead_letters_of(stock_of(small))
    async with station(infrastructure.amqp, database, small, hearing(refuse)) as stock:
        await stock.place(FAILED)
        await put(infrastructure.amqp, small, aio_pika.Message(BROKEN, message_id="m-1"))
        await eventually(lambda: holds(infrastructure.amqp, name, 4), every=0.1)
    return name


async def holds(amqp: str, queue: str, number: int) -> bool:
    return await depth(amqp, queue) == number


async def test_a_list_tells_what_failed_where_why_and_when(office: Office, queue: str, small: Topology) -> None:
    letters = {letter["event-id"]: letter for letter in await office.letters()}
    assert set(letters) == {*(event.id for event in FAILED), "m-1"}
    one = letters[FAILED[1].id]
    assert one.pop("failed-at")
    assert one == {
        "service": stock_of(small),
        "reason": "handler-failed",
        "event-type": Placed.type,
        "event-id": FAILED[1].id,
        "case": "case-1",
        "exception": "LookupError",
        "message": "there is no shelf for it",
    }
    table = await office.run("list")
    assert all(event.id in table for event in FAILED)
    assert await office.letters("--service", stock_of(small)) != []
    assert await holds(office._options[1], queue, 4)  # noqa: SLF001 - looking takes nothing


async def test_a_letter_is_shown_whole_with_its_texts_masked(office: Office, queue: str) -> None:
    shown = await office.run("show", "--id", FAILED[2].id)

    assert "reason: handler-failed" in shown
    assert "attempts: 6" in shown
    assert "Traceback" in shown
    event = orjson.loads(shown[shown.index("\n{") :])
    assert (event["id"], event["type"], event["correlationid"]) == (FAILED[2].id, Placed.type, "case-2")
    assert event["data"] == {"number": 2, "note": "•••"}


async def test_what_is_no_event_is_masked_too(office: Office, queue: str) -> None:
    shown = await office.run("show", "--id", "m-1")

    assert "reason: not-a-cloudevent" in shown
    assert "李育成" not in shown
    assert "440188" not in shown


async def test_a_replayed_letter_is_handled_and_gone_and_the_others_stay(
    office: Office, queue: str, infrastructure: Addresses, database: Database, small: Topology
) -> None:
    printed = await office.run("replay", "--id", FAILED[0].id)

    assert FAILED[0].id in printed
    assert "replayed: 1" in office.errors
    async with station(infrastructure.amqp, database, small) as stock:
        await eventually(lambda: stock.has_counted([0]))
    assert {letter["event-id"] for letter in await office.letters()} == {FAILED[1].id, FAILED[2].id, "m-1"}


async def test_replaying_all_handles_what_can_be_and_returns_the_rest(
    office: Office, queue: str, infrastructure: Addresses, database: Database, small: Topology
) -> None:
    async with station(infrastructure.amqp, database, small) as stock:
        await office.run("replay-all", "--service", stock_of(small))
        assert "replayed: 4" in office.errors
        await eventually(lambda: stock.has_counted(range(3)))
        await eventually(lambda: holds(infrastructure.amqp, queue, 1), every=0.1)

    [left] = await office.letters()
    assert left["reason"] == "not-a-cloudevent"


async def test_a_letter_that_the_broker_gave_up_is_described_from_its_body(
    office: Office, infrastructure: Addresses, small: Topology
) -> None:
    event = order(1)
    publisher = Publisher(infrastructure.amqp, name="broker")
    await publisher.publish(
        event.body, exchange=DEAD_LETTER_EXCHANGE, routing_key=stock_of(small), message_id="attempt-1"
    )
    await publisher.close()

    [letter] = await office.letters()

    event_type = letter["event-type"]
    assert (letter["reason"], letter["event-id"], event_type) == ("delivery-limit", event.id, event.routing_key)


async def test_a_replay_that_is_killed_after_the_confirm_leaves_the_letter_and_doubles_nothing(
    office: Office,
    queue: str,
    infrastructure: Addresses,
    database: Database,
    small: Topology,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def publish_and_die(publisher: Publisher, message: aio_pika.abc.AbstractIncomingMessage, to: str) -> None:
        await send_back(publisher, message, to)
        raise BrokerUnavailableError("killed here")

    send_back = without_acknowledgement
    monkeypatch.setattr(dead_letters, "_send_back", publish_and_die)
    await office.run("replay", "--id", FAILED[0].id, ends_with=2)
    monkeypatch.undo()

    assert await holds(infrastructure.amqp, queue, 4)
    async with station(infrastructure.amqp, database, small) as stock:
        await eventually(lambda: stock.has_counted([0]))
        await office.run("replay", "--id", FAILED[0].id)
        await stock.publish(order(9))
        await eventually(lambda: stock.has_counted([0, 9]))
    assert await holds(infrastructure.amqp, queue, 3)


async def without_acknowledgement(
    publisher: Publisher, message: aio_pika.abc.AbstractIncomingMessage, service: str
) -> None:
    await publisher.publish(message.body, exchange="retry", routing_key=service, message_id="replay")


async def test_nothing_to_show_or_to_replay_is_exit_code_1(office: Office) -> None:
    assert "no dead letters" in await office.run("list")
    await office.run("show", "--id", "nobody", ends_with=1)
    assert "no dead letter with the event id 'nobody'" in office.errors
    await office.run("replay", "--id", "nobody", ends_with=1)
    await office.run("replay-all")


async def test_a_service_that_has_never_run_has_no_letters(
    office: Office, infrastructure: Addresses, small: Topology
) -> None:
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        channel = await connection.channel()
        for service in small.services:
            await channel.queue_delete(dead_letters_of(service))

    assert await office.letters() == []
    await office.run("replay-all")
    assert "replayed: 0" in office.errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show",), "show needs the event id"),
        (("replay",), "replay needs the event id"),
        (("list", "--service", "nobody"), "no such service: nobody"),
        (("burn",), "invalid choice"),
    ],
)
async def test_a_wrong_command_is_exit_code_2_and_says_what_is_wrong(
    office: Office, arguments: tuple[str, ...], complaint: str
) -> None:
    await office.run(*arguments, ends_with=2)

    assert complaint in office.errors


async def test_a_broker_that_is_away_is_exit_code_2(office: Office) -> None:
    await office.run("list", "--amqp", "amqp://guest:guest@127.0.0.1:9/", ends_with=2)

    assert "the broker does not answer" in office.errors
