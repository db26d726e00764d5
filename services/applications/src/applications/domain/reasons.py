"""Why an application was rejected, as message keys with what they speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from applications.domain.application import Application, AskedRequirement, ByLanguage, MatchResult
from applications.domain.corrections import SCANS


@dataclass(frozen=True, slots=True)
class FailureReason:
    """One reason; `code` is the key of its text, `text` what a person wrote."""

    code: str
    requirement: str | None = None
    document_type: str | None = None
    field: str | None = None
    text: str | None = None
    texts: ByLanguage = None


def reasons_of(application: Application) -> tuple[FailureReason, ...]:
    """Return all reasons that are known, those of the documents first."""
    return (*_of_documents(application), *_of_people(application))


def failures_of(asked: AskedRequirement) -> tuple[FailureReason, ...]:
    """Return why a document was not proven by itself: the record's own state if it has one, else field by field."""
    match = asked.match
    if match is None or match.proven:
        return ()
    return tuple(_of_match(asked, match))


def _of_documents(application: Application) -> Iterator[FailureReason]:
    for asked in application.asked:
        if asked.standing != "refused":
            continue
        if asked.review is not None:
            review = asked.review
            yield FailureReason(
                "review-rejected", asked.key, review.document_type, text=review.text, texts=review.texts
            )
            for field in review.fields:
                code = "scans-rejected" if field == SCANS else "field-rejected"
                yield FailureReason(code, asked.key, review.document_type, field)
        else:
            yield from failures_of(asked)


def _of_match(asked: AskedRequirement, match: MatchResult) -> Iterator[FailureReason]:
    results = {field.result for field in match.fields}
    for state in ("revoked", "expired"):
        if state in results:
            yield FailureReason(f"record-{state}", asked.key, match.document_type)
            return
    if any(field.reason == "declined" for field in match.fields):
        yield FailureReason("evidence-declined", asked.key, match.document_type)
        return
    if not match.held:
        yield FailureReason("record-missing", asked.key, match.document_type)
        return
    for field in match.fields:
        yield FailureReason(f"field-{field.result}", asked.key, match.document_type, field.field)


def _of_people(application: Application) -> Iterator[FailureReason]:
    if application.declined is not None:
        yield FailureReason("second-party-declined", text=application.declined or None)
    if application.unanswered:
        yield FailureReason("second-party-unanswered")
    if application.check is not None and application.check.yes is False:
        yield FailureReason("field-check-failed", text=application.check.text, texts=application.check.texts)
    if application.ruling is not None and application.ruling.yes is False:
        yield FailureReason("decision-negative", text=application.ruling.text, texts=application.ruling.texts)
