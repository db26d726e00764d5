"""The lines of a bulk load: read from a byte offset, each a record or the reason why it is none."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import orjson
from pydantic import ValidationError

from bus.envelope import BrokenMessageError
from bus.reader import broken
from matcher.domain.rules import Rules
from matcher.views import CityRecord
from records.checks import check_fields, check_term
from records.persons import by_index
from records.replies import Fault
from standards import strict_json
from standards.strict_json import RepeatedNameError
from store.blind_index import BlindIndex

LONGEST = 1_048_576
"""Bytes of a line; the same limit as for an event's body."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a line is no record: a text's key and what it mentions; `fault` is told as the sender of an event is."""

    reason: str
    params: dict[str, str | int]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class MirrorLine:
    """One line: its number, the offset of the byte after it, what was written, and what it is (None: blank)."""

    number: int
    end: int
    written: bytes
    said: CityRecord | Bad | None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def read(path: Path, rules: Rules, index: BlindIndex, *, offset: int = 0, number: int = 0) -> Iterator[MirrorLine]:
    """Read the lines after an offset; `number` is that of the line before it. Raises OSError."""
    with path.open("rb") as file:
        file.seek(offset)
        while written := file.readline(LONGEST + 1):
            number += 1
            too_long = len(written) > LONGEST
            while too_long and not written.endswith(b"\n") and (rest := file.readline(LONGEST)):
                written = written[:200] + (b"\n" if rest.endswith(b"\n") else b"")
            content = written.removeprefix(BOM_UTF8) if number == 1 else written
            said = Bad("too-long", {"limit": LONGEST}) if too_long else parse(content, rules, index)
            yield MirrorLine(number, file.tell(), written, said)


def parse(written: bytes, rules: Rules, index: BlindIndex) -> CityRecord | Bad | None:
    """Read a line as the data of city-record-published, the holder named by number or index; None for a blank one."""
    if not written.strip():
        return None
    try:
        said = strict_json.loads(written)
        if isinstance(said, dict) and "number" in said:
            said = by_index(said, index)
        record = CityRecord.model_validate(said)
        check_fields(record.document_type, record.fields)
        check_term(record.valid_from, record.valid_until)
    except RepeatedNameError as error:
        return Bad("name-twice", {"path": error.path})
    except orjson.JSONDecodeError as error:
        return Bad("not-json", {"column": error.colno})
    except (ValidationError, BrokenMessageError) as error:
        return _faulty(error)
    if record.document_type not in rules:
        return Bad("unknown-document-type", {"document_type": record.document_type})
    return record


def _faulty(error: ValidationError | BrokenMessageError) -> Bad:
    told = broken(error) if isinstance(error, ValidationError) else error
    path = ".".join(told.path.split("/")[2:]) or "$"
    return Bad("wrong-schema", {"path": path}, Fault(told.reason, told.path, told.params))
