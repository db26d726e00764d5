"""The document types as the data file describes them: who keeps them, their codes, how long an approval lasts."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as InvalidNumber

from credential_store.domain.credential import Value

HolderType = Literal["111", "001"]
"""111: a person, by citizen identity number. 001: an organisation, by unified social credit code."""


def _credit_code(code: str) -> str:
    try:
        uscc.validate(code)
    except InvalidNumber as error:
        message = f"not a unified social credit code: {error}"
        raise ValueError(message) from error
    return code


CreditCode = Annotated[str, AfterValidator(_credit_code)]
"""A unified social credit code (GB 32100), its check character right."""


class Entry(BaseModel):
    """An entry of the data file: nothing that is not known may stand in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(Entry):
    """A name in both languages; the keys are the languages' tags."""

    zh_cn: str = Field(alias="zh-CN", min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """Return the name for readers of that language; Chinese unless it is English."""
        return self.en if language == "en" else self.zh_cn


class Authority(Entry):
    """A body with its unified social credit code: a department that issues, or whoever defines a type."""

    name: Name
    code: CreditCode


class Approval(BaseModel):
    """What a person approved: on which day, which values, and the last day that the document itself bears, if any."""

    model_config = ConfigDict(frozen=True)
    start: date
    fields: dict[str, Value]
    read: date | None


class ForMonths(Entry):
    """An approval lasts that many months, and never longer than the document itself."""

    kind: Literal["months"]
    months: int = Field(ge=1)

    def until(self, approval: Approval) -> date | None:
        """Return the last day."""
        end = _months_after(approval.start, self.months)
        return min(end, approval.read) if approval.read else end


class UntilItEnds(Entry):
    """An approval lasts as long as the document: the term that the reviewer read, or the one in `field`.

    Where neither is there, it lasts `otherwise_months`, so that nothing is valid for ever by oversight.
    """

    kind: Literal["until-it-ends"]
    field: str | None = None
    otherwise_months: int = Field(ge=1)

    def until(self, approval: Approval) -> date | None:
        """Return the last day."""
        stated = approval.read or _date(approval.fields.get(self.field or ""))
        return stated or _months_after(approval.start, self.otherwise_months)


class NoEnd(Entry):
    """An approval lasts for good, unless the reviewer read a term."""

    kind: Literal["no-end"]

    def until(self, approval: Approval) -> date | None:
        """Return the last day, None for no end."""
        return approval.read


Lasting = Annotated[ForMonths | UntilItEnds | NoEnd, Field(discriminator="kind")]


class DocumentType(Entry):
    """One type of document.

    `type_sequence` numbers it among its definer's types. `name_field` and `number_field` say which of its fields are
    the holder's name and the certificate's number. A holder can have several at once where `record_field` names what
    tells them apart. `shared_with` are the departments that may query it.
    """

    name: Name
    kept_by: str
    definer: str
    type_sequence: str = Field(pattern=r"^\d{3}$")
    holder_type: HolderType
    name_field: str
    number_field: str | None = None
    record_field: str | None = None
    shared_with: Literal["all"] | tuple[str, ...]
    approval_lasts: Lasting

    def is_shared_with(self, departments: frozenset[str]) -> bool:
        """Tell whether one of these departments may query it; the one that keeps it always may."""
        return self.shared_with == "all" or not departments.isdisjoint({self.kept_by, *self.shared_with})


class Numbering(BaseModel):
    """The parts of an identifier that are the same for all credentials of a type."""

    model_config = ConfigDict(frozen=True)
    type_code: str
    issuer_code: str


class UnknownDocumentTypeError(Exception):
    """No document type has that code."""


class DocumentTypes(Entry):
    """The whole data file."""

    area_code: str = Field(pattern=r"^\d{6}$")
    departments: dict[str, Authority]
    definers: dict[str, Authority]
    document_types: dict[str, DocumentType]

    def of(self, code: str) -> DocumentType:
        """Return a type by its code. Raises UnknownDocumentTypeError."""
        try:
            return self.document_types[code]
        except KeyError:
            raise UnknownDocumentTypeError(code) from None

    def kept_by(self, department: str) -> tuple[str, ...]:
        """Return the codes of the types that a department keeps."""
        return tuple(code for code, kind in self.document_types.items() if kind.kept_by == department)

    def numbering(self, code: str) -> Numbering:
        """Return what identifiers of that type begin with. Raises UnknownDocumentTypeError."""
        kind = self.of(code)
        return Numbering(type_code=self.type_code(code), issuer_code=self.departments[kind.kept_by].code)

    def type_code(self, code: str) -> str:
        """Return the definer's credit code and the type's sequence. Raises UnknownDocumentTypeError."""
        kind = self.of(code)
        return self.definers[kind.definer].code + kind.type_sequence

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [fault for code in self.document_types for fault in self._faults(code)]
        if faults:
            raise ValidationError.from_exception_data("DocumentTypes", faults)
        return self

    def _faults(self, code: str) -> list[InitErrorDetails]:
        kind = self.document_types[code]
        departments = {kind.kept_by, *(kind.shared_with if kind.shared_with != "all" else ())}
        faults = [_fault(code, "kept_by", name) for name in sorted(departments - set(self.departments))]
        if kind.definer not in self.definers:
            faults.append(_fault(code, "definer", kind.definer))
            return faults
        first = next(c for c in self.document_types if self._same_number(c, code))
        if first != code:
            faults.append(_fault(code, "type_sequence", f"{kind.type_sequence} is that of {first}"))
        return faults

    def _same_number(self, one: str, other: str) -> bool:
        a, b = self.document_types[one], self.document_types[other]
        return (a.definer, a.type_sequence) == (b.definer, b.type_sequence)


_WRONG = {
    "kept_by": "there is no department {value!r}",
    "definer": "there is no definer {value!r}",
    "type_sequence": "taken: {value}",
}


def _fault(code: str, field: str, value: str) -> InitErrorDetails:
    message = _WRONG[field].format(value=value)
    return InitErrorDetails(
        type=PydanticCustomError("data_file", "{message}", {"message": message}),
        loc=("document_types", code, field),
        input=value,
    )


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _months_after(start: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day where it is shorter."""
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
