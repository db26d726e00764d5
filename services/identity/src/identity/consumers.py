"""Which event is heard, as what, by which use case; who a person is, this service hears from people only."""

from __future__ import annotations

from identity.consumed import CorrectionPermitted
from identity.handlers import corrections, erasing, exporting
from identity.handlers.needs import Deps
from messaging.consumer import Subscription
from runtime.erasing import ErasurePreviewRequested, ErasureRequested
from runtime.exports import ExportRequested

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
    Subscription("data-rights.correction-permitted.v1", CorrectionPermitted, corrections.permit),
    Subscription("data-rights.erasure-preview-requested.v1", ErasurePreviewRequested, erasing.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, erasing.erase, once=True),
)
