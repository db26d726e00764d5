"""A department's own messages, one JSON file each, read from a folder and made ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from conformance.checks import check
from conformance.contract import Contract
from records.replies import Fault

PATTERN = "*.json"
LONGEST_ID = 255


class NoMessagesError(Exception):
    """There is no file to check in the folder."""


@dataclass(frozen=True, slots=True)
class DepartmentMessage:
    """An event ready to be sent: its id, the key to send it under, its body, which is signed as it leaves."""

    id: str
    routing_key: str
    body: bytes
    is_to_be_signed: bool = True


@dataclass(frozen=True, slots=True)
class CheckedMessage:
    """A file and what is wrong with it."""

    name: str
    body: bytes
    faults: tuple[Fault, ...]

    def ready(self, run: str) -> DepartmentMessage:
        """Return the message as it is sent in this run: with a receipt wanted, and under an id that no run had before.

        An event that was handled already would be ignored, and nothing could be seen.
        """
        event = orjson.loads(self.body)
        event.pop("signature", None)
        event |= {"id": f"{event['id'][: LONGEST_ID - len(run) - 1]}.{run}", "receipt": "wanted"}
        return DepartmentMessage(event["id"], event["type"], orjson.dumps(event))


def read(folder: Path, contract: Contract) -> tuple[CheckedMessage, ...]:
    """Read and check all files of a folder, in the order of their names. Raises NoMessagesError."""
    paths = sorted(folder.glob(PATTERN))
    if not paths:
        raise NoMessagesError(str(folder))
    bodies = [(path.name, path.read_bytes()) for path in paths]
    return tuple(CheckedMessage(name, body, check(body, contract)) for name, body in bodies)
