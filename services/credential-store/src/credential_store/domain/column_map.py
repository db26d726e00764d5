"""Which column of a department's table is which part of a record: the mapping that is handed over with a CSV file.

What a new one must satisfy beyond its shape is in `mapping_faults.py`: one that was taken stays readable for ever.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from credential_store.domain import date_forms
from credential_store.domain.credential import Value
from credential_store.domain.encodings import ALIASES, Encoding
from credential_store.domain.mapping_text import Plain
from credential_store.domain.spoilt import Spoilt, spoilt, spoilt_date, spoilt_number
from records import parts
from standards.document_types import fields_of
from standards.normal_form import normal_text

Kind = Literal["text", "whole-number", "yes-no", "list", "date"]
Row = MappingOf[str, str]
Look = Callable[[str], Spoilt | None]

_LONGEST_NUMBER = 19
"""Digits of a whole number of 64 bits."""
_ENDS_OF_NUMBERS = ("number", "_id", "_code")
"""How the names of fields end that hold the number of something."""


class LineError(Exception):
    """A line that is no record: `reason` is a code, `path` where in the record, `params` what its texts mention."""

    def __init__(self, reason: str, path: str = "", **params: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.params = params


class ColumnMapModel(BaseModel):
    """A part of a mapping; what is not known is refused, so that no misspelt setting is ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _words(value: object) -> object:
    """Take one word for a list of one, and what a word stands for for the word: JSON has true, and 1."""
    if isinstance(value, str | bool | int):
        return _words([value])
    if isinstance(value, list | tuple):
        return tuple(str(each).lower() if isinstance(each, bool | int) else each for each in value)
    return value


def _meaning(value: object) -> object:
    if isinstance(value, list):
        return [str(each) if isinstance(each, Plain) else each for each in value]
    return value.meaning if isinstance(value, Plain) else value


def _encoding(value: object) -> object:
    return ALIASES.get(value.lower(), value) if isinstance(value, str) else value


def _delimiter(value: object) -> object:
    return "\t" if value in ("\\t", "tab", "TAB") else value


Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_words), Field(min_length=1)]


class ColumnSource(ColumnMapModel):
    """A value that stands in a column, and how it is written there.

    `form` is that of dates, as `strptime` knows it; `yes` and `no` are the words for both, in any case and width;
    `separator` is that of a list's entries. An empty one is left out, unless it is `refused`.
    """

    column: str = Field(min_length=1, max_length=200)
    kind: Kind = "text"
    form: str = Field("%Y-%m-%d", max_length=100)
    yes: Words = ("是", "yes", "true", "1", "Y")
    no: Words = ("否", "no", "false", "0", "N")
    separator: str = Field("、", min_length=1, max_length=20)
    empty: Literal["left-out", "refused"] = "left-out"

    def read(self, row: Row, path: str, look: Look = spoilt) -> Value | None:
        """Return the value of a row, None for an empty one that is left out. Raises LineError.

        `look` tells what a spreadsheet may have made of it.
        """
        written = row[column_key(self.column)].strip()
        if not written:
            if self.empty == "refused":
                raise LineError("value-missing", path, column=self.column)
            return None
        self._check(look(written), path)
        return self._value(written, path)

    def _check(self, how: Spoilt | None, path: str) -> None:
        if how is not None:
            raise LineError("spoilt-by-spreadsheet", path, column=self.column, spoilt=how)

    def _value(self, written: str, path: str) -> Value:
        match self.kind:
            case "whole-number":
                return self._whole_number(written, path)
            case "yes-no":
                return self._yes_no(written, path)
            case "date":
                return self._date(written, path)
            case "list":
                return [each.strip() for each in written.split(self.separator) if each.strip()]
            case "text":
                return written

    def _whole_number(self, written: str, path: str) -> int:
        self._check(spoilt_number(written), path)
        number = whole_number(written)
        if number is None:
            raise LineError("not-a-whole-number", path, column=self.column)
        return number

    def _yes_no(self, written: str, path: str) -> bool:
        word = word_key(written)
        is_yes = word in map(word_key, self.yes)
        if not is_yes and word not in map(word_key, self.no):
            raise LineError("not-yes-or-no", path, column=self.column, words=", ".join((*self.yes, *self.no)))
        return is_yes

    def _date(self, written: str, path: str) -> str:
        day = date_forms.read(written, self.form)
        if day is None:
            self._check(spoilt_date(written), path)
            sample = date_forms.sample(self.form)
            raise LineError("not-a-date", path, column=self.column, form=self.form, sample=sample)
        return day.isoformat()


class Constant(ColumnMapModel):
    """A value that is the same for all lines."""

    value: Annotated[parts.Value, BeforeValidator(_meaning)]

    def read(self, row: Row, path: str, look: Look = spoilt) -> Value | None:  # noqa: ARG002 - the same for all
        return self.value


def _column_or_value(said: Any) -> str:  # noqa: ANN401 - whatever stands there
    if isinstance(said, Constant) or (isinstance(said, dict) and "value" in said and "column" not in said):
        return "value"
    return "column"


From = Annotated[
    Annotated[ColumnSource, Tag("column")] | Annotated[Constant, Tag("value")],
    Discriminator(_column_or_value),
]


class Mapping(ColumnMapModel):
    """How the rows of a table become records of one document type, published or withdrawn."""

    document_type: str
    says: Literal["published", "withdrawn"] = "published"
    encoding: Annotated[Encoding, BeforeValidator(_encoding)] = "utf-8"
    delimiter: Annotated[str, BeforeValidator(_delimiter), Field(pattern=r'^[^\w\s"]$|^[\t ]$')] = ","
    record_id: From
    number: From | None = None
    holder_index: From | None = None
    sequence: From
    fields: dict[parts.FieldName, From] = Field(default_factory=dict)
    valid_from: From | None = None
    valid_until: From | None = None
    reason: From | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        named = [self.record_id, self.sequence, *self.fields.values()]
        optional = [self.number, self.holder_index, self.valid_from, self.valid_until, self.reason]
        return tuple(dict.fromkeys(each.column for each in [*named, *optional] if isinstance(each, ColumnSource)))

    def data(self, row: Row, department: str) -> dict[str, object]:
        """Return the data of the event that a row, its values by `column_key`, stands for. Raises LineError."""
        said: dict[str, object] = {
            "department": department,
            "document_type": self.document_type,
            "record_id": _needed(self.record_id, row, "/data/record_id"),
            **{name: _needed(source, row, f"/data/{name}") for name, source in self._holder if source},
            "sequence": self._sequence(row),
        }
        if self.reason is not None:
            return {**said, "reason": _needed(self.reason, row, "/data/reason", spoilt)}
        return {
            **said,
            "fields": dict(self._fields(row)),
            "valid_from": self.valid_from.read(row, "/data/valid_from", spoilt_date) if self.valid_from else None,
            "valid_until": self.valid_until.read(row, "/data/valid_until", spoilt_date) if self.valid_until else None,
        }

    @property
    def _holder(self) -> list[tuple[str, ColumnSource | Constant | None]]:
        return [("number", self.number), ("holder_index", self.holder_index)]

    def _sequence(self, row: Row) -> Value:
        """A sequence is a whole number whatever kind its column was said to have."""
        said = _needed(self.sequence, row, "/data/sequence")
        number = whole_number(said) if isinstance(said, str) else said
        if number is None:
            column = self.sequence.column if isinstance(self.sequence, ColumnSource) else ""
            raise LineError("not-a-whole-number", "/data/sequence", column=column)
        return number

    def _fields(self, row: Row) -> list[tuple[str, Value]]:
        kinds = fields_of(self.document_type)
        read = (
            (name, source.read(row, f"/data/fields/{name}", _look(name, kinds.get(name))))
            for name, source in self.fields.items()
        )
        return [(name, value) for name, value in read if value is not None]


def whole_number(written: str) -> int | None:
    """Read a whole number, None for what is none or does not fit into 64 bits."""
    if not (written.isascii() and written.removeprefix("-").isdecimal()) or len(written) > _LONGEST_NUMBER:
        return None
    return int(written)


@lru_cache(maxsize=4096)
def column_key(name: str) -> str:
    """Return the form in which the names of columns are compared: line breaks and spaces in a header mean nothing."""
    return "".join(normal_text(name).split())


def word_key(word: str) -> str:
    """Return the form in which the words for yes and no are compared."""
    return unicodedata.normalize("NFKC", word).strip().casefold()


def _look(name: str, kind: str | None) -> Look:
    """Return how the field of a document is looked at: spreadsheets spoil numbers and days most."""
    if kind == "date":
        return spoilt_date
    return spoilt_number if kind == "key" or name.endswith(_ENDS_OF_NUMBERS) else spoilt


def _needed(source: ColumnSource | Constant, row: Row, path: str, look: Look = spoilt_number) -> Value:
    value = source.read(row, path, look)
    if value is None:
        raise LineError("value-missing", path, column=source.column if isinstance(source, ColumnSource) else "")
    return value
