"""Which event is heard, as what, by which use case."""

from __future__ import annotations

from bus.consumer import Subscription
from privacy import exports
from privacy.erasure import CasesPreviewed, ErasureRequested
from review_dispatch.events import DataExported
from review_dispatch.handlers import data_erasure, data_export, endings, requests
from review_dispatch.views import (
    AccessDisputed,
    ApplicationEnded,
    CasesErased,
    CorrectionRequested,
    DecisionRequested,
    DuplicateSuspected,
    FieldCheckRequested,
    MatchFailed,
)
from runtime.submissions import since_v1

SUBSCRIPTIONS = (
    Subscription(
        "matcher.match-failed.v2",
        MatchFailed,
        requests.request_reviews,
        older={"matcher.match-failed.v1": since_v1},
    ),
    Subscription("applications.field-check-requested.v1", FieldCheckRequested, requests.request_field_check),
    Subscription("applications.decision-requested.v1", DecisionRequested, requests.request_decision),
    Subscription("applications.application-withdrawn.v1", ApplicationEnded, endings.close_withdrawn),
    Subscription("applications.application-rejected.v1", ApplicationEnded, endings.close_rejected),
    Subscription("data-rights.access-disputed.v1", AccessDisputed, requests.request_explanation),
    Subscription("data-rights.correction-requested.v1", CorrectionRequested, requests.request_correction),
    Subscription("credential-store.duplicate-suspected.v1", DuplicateSuspected, requests.request_duplicate_check),
    exports.subscription(DataExported, data_export.gather),
    Subscription("applications.erasure-previewed.v1", CasesPreviewed, data_erasure.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, data_erasure.erase, once=True),
    Subscription("applications.data-erased.v1", CasesErased, data_erasure.erase_cases),
)
