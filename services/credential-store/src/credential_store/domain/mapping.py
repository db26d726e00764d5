"""Which column of a department's table is which part of a record: the mapping that is handed over with a CSV file."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from credential_store.domain.credential import Value

Kind = Literal["text", "whole-number", "yes-no", "list", "date"]
Row = MappingOf[str, str]


class LineError(Exception):
    """A line that is no record: `reason` is a code, `path` where in the record, `params` what its texts mention."""

    def __init__(self, reason: str, path: str = "", **params: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.params = params


class Part(BaseModel):
    """A part of a mapping; what is not known is refused, so that no misspelt setting is ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Part):
    """A value that stands in a column, and how it is written there.

    `form` is that of dates, as `strptime` knows it; `yes` and `no` are the words for both; `separator` is that of a
    list's entries. An empty one is left out, unless it is `refused`.
    """

    column: str
    kind: Kind = "text"
    form: str = "%Y-%m-%d"
    yes: tuple[str, ...] = ("是", "yes", "true", "1", "Y")
    no: tuple[str, ...] = ("否", "no", "false", "0", "N")
    separator: str = Field("、", min_length=1)
    empty: Literal["left-out", "refused"] = "left-out"

    def read(self, row: Row, path: str) -> Value | None:
        """Return the value of a row, None for an empty one that is left out. Raises LineError."""
        written = row[self.column].strip()
        if not written:
            if self.empty == "refused":
                raise LineError("value-missing", path, column=self.column)
            return None
        return self._value(written, path)

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
        if not (written.isascii() and written.removeprefix("-").isdecimal()) or len(written) > 19:  # noqa: PLR2004 - 64 bits
            raise LineError("not-a-whole-number", path, column=self.column)
        return int(written)

    def _yes_no(self, written: str, path: str) -> bool:
        if written not in (*self.yes, *self.no):
            raise LineError("not-yes-or-no", path, column=self.column, words=", ".join((*self.yes, *self.no)))
        return written in self.yes

    def _date(self, written: str, path: str) -> str:
        try:
            return datetime.strptime(written, self.form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError as error:
            raise LineError("not-a-date", path, column=self.column, form=self.form, sample=self.form) from error


class Constant(Part):
    """A value that is the same for all lines."""

    value: Value

    def read(self, row: Row, path: str) -> Value | None:  # noqa: ARG002 - the same for every row
        """Return the value."""
        return self.value


From = Annotated[Column | Constant, Field(union_mode="smart")]


class Mapping(Part):
    """How the rows of a table become records of one document type, published or withdrawn."""

    document_type: str
    says: Literal["published", "withdrawn"] = "published"
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    record_id: From
    holder_index: From
    sequence: From
    fields: dict[str, From] = {}
    valid_from: From | None = None
    valid_until: From | None = None
    reason: From | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.says == "published" and not self.fields:
            raise ValueError("a mapping of published records names their fields")
        if (self.says == "withdrawn") != (self.reason is not None):
            raise ValueError("reason belongs to withdrawn records, which need it")
        if self.says == "withdrawn" and (self.fields or self.valid_from or self.valid_until):
            raise ValueError("withdrawn records have no fields and no term")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names."""
        named = [self.record_id, self.holder_index, self.sequence, *self.fields.values()]
        optional = [self.valid_from, self.valid_until, self.reason]
        return tuple(dict.fromkeys(each.column for each in [*named, *optional] if isinstance(each, Column)))

    def data(self, row: Row, department: str) -> dict[str, object]:
        """Return the data of the event that a row stands for. Raises LineError."""
        said: dict[str, object] = {
            "department": department,
            "document_type": self.document_type,
            "record_id": _needed(self.record_id, row, "/data/record_id"),
            "holder_index": _needed(self.holder_index, row, "/data/holder_index"),
            "sequence": _whole(_needed(self.sequence, row, "/data/sequence")),
        }
        if self.reason is not None:
            return {**said, "reason": _needed(self.reason, row, "/data/reason")}
        values = {name: source.read(row, f"/data/fields/{name}") for name, source in self.fields.items()}
        return {
            **said,
            "fields": {name: value for name, value in values.items() if value is not None},
            "valid_from": self.valid_from.read(row, "/data/valid_from") if self.valid_from else None,
            "valid_until": self.valid_until.read(row, "/data/valid_until") if self.valid_until else None,
        }


def _needed(source: Column | Constant, row: Row, path: str) -> Value:
    value = source.read(row, path)
    if value is None:
        raise LineError("value-missing", path, column=source.column if isinstance(source, Column) else "")
    return value


def _whole(value: Value) -> Value:
    """A sequence is a whole number whatever kind its column was said to have."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
