"""Refusals in words for people, where a service speaks to the programs that call its interface."""

from __future__ import annotations

from collections.abc import Mapping

from portal.frame.calls import GatewayProblem, InputFault
from runtime.texts import Language, Texts

_CODES: Mapping[str, tuple[str, ...]] = {
    "changed": ("stale-version", "changed-meanwhile", "bad-etag", "terms-not-named"),
    "repeated": ("idempotency-key-reused", "answer-erased"),
    "several": ("several", "invalid-input"),
    "unreadable": (
        *("body-unreadable", "malformed-request", "query-not-utf8", "repeated-name", "extra_forbidden", "too-large"),
        *("upload-not-multipart", "upload-not-readable", "upload-field-missing", "upload-not-partial"),
        *(
            "upload-piece-too-large",
            "upload-offset",
            "upload-too-long",
            "scan-unknown-requirement",
            "form-unknown-field",
            "form-not-text",
        ),
    ),
    "gone": (
        *("no-such-address", "method-not-allowed", "no-such-task", "no-such-photograph"),
        *("unknown-application", "unknown-resident", "unknown-guardianship", "unknown-scan", "credential-unknown"),
        *("correction-unknown", "dispute-unknown", "erasure-unknown", "export-unknown", "access-unknown"),
    ),
    "visit": ("presence-unknown", "unknown-presence"),
    "list": ("bad-cursor",),
    "failed": ("unexpected", "refused", "temporarily-unavailable"),
    "damaged": ("stored-value-tampered",),
    "child": ("subject-needed",),
    "yes-or-no": ("form-not-boolean", "value-not-flag", "approval-field-not-flag"),
    "choose": ("enum", "literal_error"),
    "day": (
        *("day", "date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        *("form-not-date", "value-not-date", "approval-field-not-date"),
    ),
    "pattern": ("string_pattern_mismatch",),
    "which-credential": ("credential-not-named",),
    "same-document": ("approval-held-or-other",),
    "no-such-document": ("approval-nothing-held",),
    "which-document": ("duplicate-not-named", "duplicate-check-needs-an-answer"),
    "end-missing": ("valid-until-needed",),
    "no-end": ("valid-until-not-asked",),
}
"""By the name of the words (`frame.refusals`) the codes of the refusals and faults for which they stand."""
_WORDS = {code: name for name, codes in _CODES.items() for code in codes}


def worded(problem: GatewayProblem, texts: Texts, language: Language) -> GatewayProblem:
    """Return a refusal, and each fault in it, in words for people; as the service says it where that is for them."""
    faults = tuple(_fault(each, texts, language) for each in problem.errors)
    words = _said(problem.code, texts, language)
    return problem.model_copy(update={**words, "errors": faults})


def by_field(problem: GatewayProblem | None, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by field; what belongs to no field stays in the summary only."""
    found: dict[str, str] = {}
    for fault in problem.errors if problem else ():
        pointer = fault.pointer.removeprefix("#")
        name = fields.get(pointer, pointer.rpartition("/")[2])
        if name:
            found.setdefault(name, " ".join(part for part in (fault.detail, fault.action) if part))
    return found


def _fault(fault: InputFault, texts: Texts, language: Language) -> InputFault:
    words = _said(fault.code, texts, language)
    return fault.model_copy(update={name: words[name] for name in ("detail", "action")}) if words else fault


def _said(code: str, texts: Texts, language: Language) -> dict[str, str]:
    name = _WORDS.get(code)
    if name is None:
        return {}
    return {part: texts.say(language, f"frame.refusals.{name}.{part}") for part in ("title", "detail", "action")}
