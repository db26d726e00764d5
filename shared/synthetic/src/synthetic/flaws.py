"""What is wrong with real data, dealt out in the shares that `data/flaws.yaml` states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import load
from synthetic.people import years_later
from synthetic.places import home
from synthetic.records import SyntheticRecord, Value
from synthetic.script import traditional

Flaw = Literal["missing", "old-address", "other-script", "swapped-date", "expired", "revoked", "duplicate"]
Share = Annotated[float, Field(ge=0, le=1)]

_NAMES = ("name", "holder_name", "child_name", "owner_name", "tenant_name", "landlord_name")
_STILL_A_MONTH = 12


class Shares(BaseModel):
    """The share of each flaw among the records that can have it, and how the records are spread over their keepers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    flaws: Mapping[Flaw, Share]
    department_only: Mapping[str, Share]


@cache
def shares() -> Shares:
    """Read `data/flaws.yaml`."""
    return load(Path(str(files("synthetic"))) / "data" / "flaws.yaml", Shares)


def spread(record: SyntheticRecord, dice: Random, given: Shares) -> SyntheticRecord:
    """Decide who tells the system of a record: the city's mirror, or only the department that keeps it."""
    alone = dice.random() < given.department_only.get(record.document_type, 0)
    return replace(record, keeper="department") if alone else record


def dealt(record: SyntheticRecord, dice: Random, given: Shares) -> Flaw | None:
    """Throw for the flaw of a record; a record has one at most, and only one that it can have."""
    throw = dice.random()
    for flaw, share in given.flaws.items():
        if not _can_have(record, flaw):
            continue
        if throw < share:
            return flaw
        throw -= share
    return None


def flawed(record: SyntheticRecord, flaw: Flaw | None, dice: Random, today: date) -> tuple[SyntheticRecord, ...]:
    """Return what is held instead of a record that has this flaw: nothing, another one, or two."""
    return (record,) if flaw is None else _MADE[flaw](record, dice, today)


def _can_have(record: SyntheticRecord, flaw: Flaw) -> bool:
    match flaw:
        case "old-address":
            return "address" in record.fields
        case "other-script":
            return _in_other_script(record).fields != record.fields
        case "swapped-date":
            born = date.fromisoformat(str(record.fields.get("birth_date", "2000-01-31")))
            return born.day <= _STILL_A_MONTH and born.day != born.month
        case "expired":
            return record.valid_until is not None or "taken_on" in record.fields
        case "duplicate":
            return "address" in record.fields or _in_other_script(record).fields != record.fields
        case _:
            return True


def _with(record: SyntheticRecord, **fields: Value) -> SyntheticRecord:
    return replace(record, fields={**record.fields, **fields})


def _in_other_script(record: SyntheticRecord) -> SyntheticRecord:
    names = {key: traditional(str(value)) for key, value in record.fields.items() if key in _NAMES}
    return _with(record, **names)


def _swapped(record: SyntheticRecord) -> str:
    year, month, day_of_month = str(record.fields["birth_date"]).split("-")
    return f"{year}-{day_of_month}-{month}"


def _expired(record: SyntheticRecord, dice: Random, today: date) -> SyntheticRecord:
    """Let the term end some time ago; a portrait is too old instead."""
    ago = timedelta(days=dice.randrange(1, 400))
    if "taken_on" in record.fields:
        return _with(record, taken_on=(years_later(today, -2) - ago).isoformat())
    return replace(record, valid_from=years_later(today - ago, -5), valid_until=today - ago)


def _older_copy(record: SyntheticRecord, dice: Random) -> SyntheticRecord:
    """The same person in the same system once more, as somebody entered them years ago."""
    if "address" in record.fields:
        return _with(record, address=home(dice).address)
    return _in_other_script(record)


def with_flaws(
    records: Iterable[SyntheticRecord], dice: Random, today: date, given: Shares
) -> tuple[SyntheticRecord, ...]:
    """Spread records over their keepers and let each have the flaw that is thrown for it."""
    held: list[SyntheticRecord] = []
    for record in records:
        placed = spread(record, dice, given)
        held.extend(flawed(placed, dealt(placed, dice, given), dice, today))
    return tuple(held)


_MADE: Mapping[Flaw, Callable[[SyntheticRecord, Random, date], tuple[SyntheticRecord, ...]]] = {
    "missing": lambda _record, _dice, _today: (),
    "old-address": lambda record, dice, _today: (_with(record, address=home(dice).address),),
    "other-script": lambda record, _dice, _today: (_in_other_script(record),),
    "swapped-date": lambda record, _dice, _today: (_with(record, birth_date=_swapped(record)),),
    "expired": lambda record, dice, today: (_expired(record, dice, today),),
    "revoked": lambda record, _dice, _today: (replace(record, withdrawn="revoked"),),
    "duplicate": lambda record, dice, _today: (_older_copy(record, dice), record),
}
