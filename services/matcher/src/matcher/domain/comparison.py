"""Comparing one field: what was claimed with what is held. Pure functions, one for each kind of rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from matcher.domain.address_comparison import difference
from matcher.domain.evidence import Value
from matcher.domain.rules import FieldRule
from standards import names as people
from standards.normal_form import normal_text, says_nothing

Result = Literal["equal", "close", "different", "missing", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """The answer for one field; `reason` is the key of its text."""

    result: Result
    reason: str | None = None


EQUAL = FieldComparison("equal")
NOT_CLAIMED = FieldComparison("missing", "not-claimed")
NOT_HELD = FieldComparison("missing", "not-held")
KEPT_APART = FieldComparison("close", "name-characters-kept-apart")

Comparison = Callable[[Value, Value], FieldComparison]

_SHORTEST_WITH_A_SLIP = 3
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}.*)?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def exact(claimed: Value, held: Value) -> FieldComparison:
    """Compare in normal form; close when only case, spacing or one character differs, or both say nothing (-, 无)."""
    one, other = _text(claimed), _text(held)
    if one == other:
        return FieldComparison("close", "says-nothing") if says_nothing(one) else EQUAL
    if _letters(one) == _letters(other):
        return FieldComparison("close", "writing-differs")
    if isinstance(claimed, str) and _one_slip(_letters(one), _letters(other)):
        return FieldComparison("close", "one-character-differs")
    return FieldComparison("different", "value-differs")


def name(claimed: Value, held: Value) -> FieldComparison:
    """Compare names; close when one character differs, or only one that names keep apart (乾, 干).

    What says no name (only dots, question marks, a masked 李*成) proves none, though both sides have it.
    """
    one, other = _text(claimed), _text(held)
    sameness = people.compare(one, other)
    if sameness == "equal":
        return EQUAL if people.is_readable(one) else FieldComparison("close", "name-unreadable")
    if sameness == "kept-apart":
        return KEPT_APART
    if _one_slip(people.name_key(one), people.name_key(other)):
        return FieldComparison("close", "one-character-differs")
    return FieldComparison("different", "name-differs")


def day(claimed: Value, held: Value) -> FieldComparison:
    """Compare dates; close when day and month are swapped or only the year differs."""
    one, other = as_date(claimed), as_date(held)
    if one is None or other is None:
        return FieldComparison("different", "not-a-date")
    if one == other:
        return EQUAL
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return FieldComparison("close", "day-month-swapped")
    if (one.month, one.day) == (other.month, other.day):
        return FieldComparison("close", "year-differs")
    return FieldComparison("different", "date-differs")


def address(claimed: Value, held: Value) -> FieldComparison:
    """Compare addresses part by part."""
    found = difference(_text(claimed), _text(held))
    if found is None:
        return EQUAL
    reason, close = found
    return FieldComparison("close" if close else "different", reason)


def names(claimed: Value, held: Value) -> FieldComparison:
    """Compare lists: every claimed name must be among those held; the order and further names don't matter."""
    wanted, there = _list(claimed), _list(held)
    if not wanted:
        return NOT_CLAIMED
    answers = [_best(one, there) for one in wanted]
    worst = max(answers, key=lambda answer: ("equal", "close", "different").index(answer.result))
    return FieldComparison("different", "not-among-them") if worst.result == "different" else worst


def at_least(claimed: Value, held: Value) -> FieldComparison:
    """Compare numbers: what is held must not be below what is asked."""
    asked, there = _number(claimed), _number(held)
    if asked is None or there is None:
        return FieldComparison("different", "not-a-number")
    return EQUAL if there >= asked else FieldComparison("different", "too-few")


BY_CLAIM: Mapping[str, Comparison] = {
    "exact": exact,
    "name": name,
    "date": day,
    "address": address,
    "names": names,
    "at-least": at_least,
}
"""Kind of rule -> its comparison, for the kinds that compare with a claim."""


@dataclass(frozen=True, slots=True)
class HeldValues:
    """What a record says, by itself: its fields, its first day, and whether people vouched for it when they approved.

    A person who approves a document approves all of it, also what the approval does not write down.
    """

    fields: Mapping[str, Value]
    begun: date | None
    vouched: bool


def by_itself(rule: FieldRule, field: str, held: HeldValues, today: date) -> FieldComparison:
    """Judge a field that is compared with no claim."""
    value = held.fields.get(field)
    if rule.expected is not None:
        unsaid = EQUAL if held.vouched else NOT_HELD
        return unsaid if value is None else exact(rule.expected, value)
    if rule.kind == "present":
        return NOT_HELD if value is False else EQUAL  # a valid record says by itself that the thing is there
    if rule.kind == "recent":
        return recent(held.begun if value is None else as_date(value), today, rule.months or 0)
    begins = held.fields.get(rule.begins or "")
    if any(said is not None and as_date(said) is None for said in (begins, value)):
        return FieldComparison("different", "not-a-date")
    return covers(as_date(begins) or held.begun, as_date(value), today)


def covers(first: date | None, last: date | None, today: date) -> FieldComparison:
    """Tell whether today lies within a term; a term without an end lasts as long as its record."""
    if first is not None and first > today:
        return FieldComparison("different", "term-not-begun")
    if last is not None and last < today:
        return FieldComparison("expired", "term-ended")
    return NOT_HELD if first is None and last is None else EQUAL


def recent(taken_on: date | None, today: date, months: int) -> FieldComparison:
    """Tell whether a date lies within the last `months` months, counted by calendar."""
    if taken_on is None:
        return NOT_HELD
    if taken_on > today:
        return FieldComparison("different", "in-the-future")
    return EQUAL if taken_on >= months_before(today, months) else FieldComparison("expired", "too-old")


def months_before(day: date, months: int) -> date:
    """Return the same day `months` months earlier, or that month's last day if it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def term_of(rule: FieldRule, field: str, held: HeldValues) -> tuple[date | None, date | None]:
    """Return the first and the last day on which `by_itself` finds a field right; None: not limited."""
    said = as_date(held.fields.get(field))
    if rule.kind == "covers-today":
        return as_date(held.fields.get(rule.begins or "")) or held.begun, said
    taken_on = held.begun if held.fields.get(field) is None else said
    if rule.kind != "recent" or taken_on is None:
        return None, None
    return taken_on, _last_recent(taken_on, rule.months or 0)


def _last_recent(taken_on: date, months: int) -> date | None:
    """Return the last day from which `months` months reach back to a day; None after the end of the calendar."""
    year, month = divmod(taken_on.year * 12 + taken_on.month - 1 + months, 12)
    if year >= date.max.year:
        return None
    last = date(year, month + 1, min(taken_on.day, 28))
    while months_before(last + timedelta(days=1), months) <= taken_on:
        last += timedelta(days=1)
    return last


def as_date(value: Value | None) -> date | None:
    """Read an ISO 8601 date, with a time behind it or without, or None."""
    found = _DAY.fullmatch(normal_text(value)) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def _best(wanted: str, there: list[str]) -> FieldComparison:
    answers = [name(wanted, one) for one in there]
    for result in ("equal", "close"):
        for answer in answers:
            if answer.result == result:
                return answer
    return FieldComparison("different", "name-differs")


def _one_slip(one: str, other: str) -> bool:
    """Tell whether one character was exchanged, left out or added, or two neighbours swapped."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) < _SHORTEST_WITH_A_SLIP or len(longer) - len(shorter) > 1:
        return False
    at = next((i for i, pair in enumerate(zip(shorter, longer, strict=False)) if pair[0] != pair[1]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    swapped = shorter[at : at + 2] == longer[at : at + 2][::-1] and shorter[at + 2 :] == longer[at + 2 :]
    return swapped or shorter[at + 1 :] == longer[at + 1 :]


def _text(value: Value) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return normal_text(written)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _list(value: Value) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else [_text(value)]


def _number(value: Value) -> int | None:
    written = _text(value)
    return int(written) if _WHOLE.fullmatch(written) else None
