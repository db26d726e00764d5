"""Which event is heard, as what, by which use case."""

from __future__ import annotations

from messaging.consumer import Subscription
from review_dispatch.consumed import (
    AccessDisputed,
    ApplicationEnded,
    CasesErased,
    CorrectionRequested,
    DecisionRequested,
    DuplicateSuspected,
    FieldCheckRequested,
    MatchFailed,
)
from review_dispatch.handlers import endings, erasing, exporting, requests
from runtime.erasing import CasesPreviewed, ErasureRequested
from runtime.exports import ExportRequested

SUBSCRIPTIONS = (
    Subscription("matcher.match-failed.v1", MatchFailed, requests.request_review),
    Subscription("applications.field-check-requested.v1", FieldCheckRequested, requests.request_field_check),
    Subscription("applications.decision-requested.v1", DecisionRequested, requests.request_decision),
    Subscription("applications.application-withdrawn.v1", ApplicationEnded, endings.close_withdrawn),
    Subscription("applications.application-rejected.v1", ApplicationEnded, endings.close_rejected),
    Subscription("data-rights.access-disputed.v1", AccessDisputed, requests.request_explanation),
    Subscription("data-rights.correction-requested.v1", CorrectionRequested, requests.request_correction),
    Subscription("credential-store.duplicate-suspected.v1", DuplicateSuspected, requests.request_duplicate_check),
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
    Subscription("applications.erasure-previewed.v1", CasesPreviewed, erasing.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, erasing.erase, once=True),
    Subscription("applications.data-erased.v1", CasesErased, erasing.erase_cases),
)
