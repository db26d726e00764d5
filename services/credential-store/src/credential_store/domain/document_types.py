"""The document types as the registry describes them: who keeps them, their codes, how long an approval lasts."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as InvalidNumber

from credential_store.domain.credential import Value
from standards.document_types import TypeName, TypePart

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


class TypeModel(BaseModel):
    """An entry of the data file: nothing that is not known may stand in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Authority(TypeModel):
    """A body with its unified social credit code: a department that issues, or whoever defines a type."""

    name: TypeName
    code: CreditCode


class ApprovalRule(BaseModel):
    """What a person approved: on which day, which values, and the last day that the document itself bears, if any."""

    model_config = ConfigDict(frozen=True)
    start: date
    fields: dict[str, Value]
    read: date | None


class ForMonths(TypeModel):
    """An approval lasts that many months, and never longer than the document itself."""

    kind: Literal["months"]
    months: int = Field(ge=1)

    def until(self, approval: ApprovalRule) -> date | None:
        """Return the last day."""
        end = _months_after(approval.start, self.months)
        return min(end, approval.read) if approval.read else end


class UntilItEnds(TypeModel):
    """An approval lasts as long as the document: the term that the reviewer read, or the one in `field`.

    Where neither is there, it lasts `otherwise_months`, so that nothing is valid for ever by oversight.
    """

    kind: Literal["until-it-ends"]
    field: str | None = None
    otherwise_months: int = Field(ge=1)

    def until(self, approval: ApprovalRule) -> date | None:
        """Return the last day."""
        stated = approval.read or _date(approval.fields.get(self.field or ""))
        return stated or _months_after(approval.start, self.otherwise_months)


class NoEnd(TypeModel):
    """An approval lasts for good, unless the reviewer read a term."""

    kind: Literal["no-end"]

    def until(self, approval: ApprovalRule) -> date | None:
        """Return the last day, None for no end."""
        return approval.read


Lasting = Annotated[ForMonths | UntilItEnds | NoEnd, Field(discriminator="kind")]


class CredentialRules(TypeModel):
    """What becomes of an approved document of a type.

    `type_sequence` numbers it among its definer's types. `name_field` and `number_field` say which of its fields are
    the holder's name and the certificate's number. `shared_with` are the departments that may query it.
    """

    definer: str
    type_sequence: str = Field(pattern=r"^\d{3}$")
    holder_type: HolderType
    name_field: str
    number_field: str | None = None
    shared_with: Literal["all"] | tuple[str, ...]
    approval_lasts: Lasting


class DocumentType(CredentialRules):
    """One type of document. A holder can have several at once where `record_field` names what tells them apart."""

    name: TypeName
    keeper: str
    record_field: str | None = None

    def is_shared_with(self, departments: frozenset[str]) -> bool:
        """Tell whether one of these departments may query it; the one that keeps it always may."""
        return self.shared_with == "all" or not departments.isdisjoint({self.keeper, *self.shared_with})


class Numbering(BaseModel):
    """The parts of an identifier that are the same for all credentials of a type."""

    model_config = ConfigDict(frozen=True)
    type_code: str
    issuer_code: str


class UnknownDocumentTypeError(Exception):
    """No document type has that code."""


class IssuedType(TypePart):
    """The credential store's part of what the registry says of a document type."""

    name: TypeName
    department: str
    record_field: str | None = None
    credential: CredentialRules

    @property
    def document_type(self) -> DocumentType:
        """The type, its name as a heading has it."""
        name = self.name.model_copy(update={"en": self.name.en[:1].upper() + self.name.en[1:]})
        return DocumentType(name=name, keeper=self.department, record_field=self.record_field, **dict(self.credential))


class Authorities(TypeModel):
    """The data file of those who issue, and of those who define what is issued."""

    area_code: str = Field(pattern=r"^\d{6}$")
    departments: dict[str, Authority]
    definers: dict[str, Authority]


class DocumentTypes(Authorities):
    """All types, and the authorities that stand behind them."""

    document_types: dict[str, DocumentType]

    def of(self, code: str) -> DocumentType:
        """Return a type by its code. Raises UnknownDocumentTypeError."""
        try:
            return self.document_types[code]
        except KeyError:
            raise UnknownDocumentTypeError(code) from None

    def codes_of_keeper(self, department: str) -> tuple[str, ...]:
        """Return the codes of the types that a department keeps."""
        return tuple(code for code, kind in self.document_types.items() if kind.keeper == department)

    def numbering(self, code: str) -> Numbering:
        """Return what identifiers of that type begin with. Raises UnknownDocumentTypeError."""
        kind = self.of(code)
        return Numbering(type_code=self.type_code(code), issuer_code=self.departments[kind.keeper].code)

    def type_code(self, code: str) -> str:
        """Return the definer's credit code and the type's sequence. Raises UnknownDocumentTypeError."""
        kind = self.of(code)
        return self.definers[kind.definer].code + kind.type_sequence

    def faults(self) -> Iterator[tuple[str, Sequence[str], str]]:
        """Find what does not fit together: the type, where its entry says it, and what is wrong."""
        numbers: dict[tuple[str, str], str] = {}
        for code, kind in self.document_types.items():
            if kind.keeper not in self.departments:
                yield code, ("department",), f"there is no department {kind.keeper!r}"
            shared_with = set(kind.shared_with) if kind.shared_with != "all" else set()
            for department in sorted(shared_with - self.departments.keys()):
                yield code, ("credential", "shared_with"), f"there is no department {department!r}"
            if kind.definer not in self.definers:
                yield code, ("credential", "definer"), f"there is no definer {kind.definer!r}"
            elif (first := numbers.setdefault((kind.definer, kind.type_sequence), code)) != code:
                yield code, ("credential", "type_sequence"), f"taken: {kind.type_sequence} is that of {first}"


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
