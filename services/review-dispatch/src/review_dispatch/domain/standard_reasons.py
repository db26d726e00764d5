"""Standard reasons of decisions, as the district's data file lists them: said with one key, read in either language."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from review_dispatch.domain.record import DispatchModel
from standards.bounds import SAID
from standards.document_types import FieldName

LANGUAGES = ("zh-CN", "en")
Deed = Literal["approval", "rejection", "return"]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), SAID]
SCANS = "scans"
"""Stands for the scans where a field is named: the applicant is asked for better ones."""


class BothLanguages(DispatchModel):
    """A text in both languages, without the stop at its end."""

    zh_cn: Annotated[Sentence, Field(alias="zh-CN")]
    en: Sentence

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


class StandardReason(DispatchModel):
    """One reason. `field`: what a return for it asks to be corrected, where that is always the same."""

    code: Code
    text: BothLanguages
    field: FieldName | None = None

    def said(self, remark: str | None, language: str) -> str:
        """Say it in one language, with what the person wrote behind it, which is in one language only."""
        is_english = language == "en"
        sentence = self.text.en if is_english else self.text.zh_cn
        if not remark:
            return sentence
        return f"{sentence}. {remark}" if is_english else f"{sentence}。{remark}"


class ReasonText(DispatchModel):
    """What a person said with a decision: a standard reason, what they wrote (`note`), or both.

    The reason is kept as it was said then, whatever the list says later.
    """

    note: str | None = None
    standard: StandardReason | None = None

    @property
    def said(self) -> str | None:
        """All of it, in Chinese; None: nothing."""
        return self.note if self.standard is None else self.standard.said(self.note, "zh-CN")

    @property
    def in_languages(self) -> dict[str, str] | None:
        """All of it by language, where a standard reason was named."""
        if self.standard is None:
            return None
        return {language: self.standard.said(self.note, language) for language in LANGUAGES}


class DecisionReasons(DispatchModel):
    """The reasons of one kind of work, by decision."""

    approval: tuple[StandardReason, ...] = ()
    rejection: tuple[StandardReason, ...] = ()
    correction: Annotated[tuple[StandardReason, ...], Field(alias="return")] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    def of(self, deed: Deed) -> tuple[StandardReason, ...]:
        return {"approval": self.approval, "rejection": self.rejection, "return": self.correction}[deed]

    def and_also(self, others: DecisionReasons) -> DecisionReasons:
        """Put the reasons that always serve behind one's own."""
        return DecisionReasons(
            approval=(*self.approval, *others.approval),
            rejection=(*self.rejection, *others.rejection),
            correction=(*self.correction, *others.correction),
        )

    @model_validator(mode="after")
    def _has_each_once(self) -> Self:
        for reasons in (self.approval, self.rejection, self.correction):
            codes = [each.code for each in reasons]
            if twice := sorted({code for code in codes if codes.count(code) > 1}):
                message = f"named twice: {', '.join(twice)}"
                raise ValueError(message)
        return self


class OtherReasons(DispatchModel):
    """The data file: those of every document, of door checks, of decisions by item."""

    every_document: DecisionReasons
    field_checks: DecisionReasons
    every_decision: DecisionReasons
    decisions: dict[Code, DecisionReasons]

    @model_validator(mode="after")
    def _names_no_field_that_some_document_has_not(self) -> Self:
        if named := [each.code for each in self.every_document.correction if each.field not in {None, SCANS}]:
            message = f"every_document, {', '.join(named)}: a field that not every document has"
            raise ValueError(message)
        return self


class StandardReasons(OtherReasons):
    """All of the district's: of documents by type, too, as the registry of document types says."""

    documents: dict[Code, DecisionReasons]

    def of_document(self, document_type: str) -> DecisionReasons:
        """Return those of a document type, its own first."""
        return self.documents.get(document_type, DecisionReasons()).and_also(self.every_document)

    def of_decision(self, item: str) -> DecisionReasons:
        """Return those of an item that an officer decides, its own first."""
        return self.decisions.get(item, DecisionReasons()).and_also(self.every_decision)
