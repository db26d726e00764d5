"""Which event is heard, as what, by which use case; who a person is, this service hears from people only."""

from __future__ import annotations

from bus.consumer import Subscription
from identity.events import DataErased, DataExported, ErasurePreviewed
from identity.handlers import corrections, data_export
from identity.handlers.dependencies import Deps
from identity.views import CorrectionAnswered, CorrectionPermitted
from privacy import erasure, exports

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    exports.subscription(DataExported, data_export.gather),
    Subscription("review-dispatch.correction-answered.v1", CorrectionAnswered, corrections.note_answer),
    Subscription("data-rights.correction-permitted.v1", CorrectionPermitted, corrections.permit),
    *erasure.subscriptions(ErasurePreviewed, DataErased),
)
