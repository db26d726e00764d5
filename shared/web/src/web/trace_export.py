"""Where traces go: to an OpenTelemetry collector, into a file, or nowhere.

With `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) they are sent over OTLP/HTTP; with
`YIZHENG_TRACES` they are appended to that file, a JSON object a line. OpenTelemetry's own settings (`OTEL_BSP_…`,
`OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`) hold. Without either, nothing of its SDK is even imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start(service: str, file: Path | None) -> Callable[[], None]:
    """Begin to record spans if that is asked for; return what ends it and sends off the last ones."""
    if file is None and not any(os.environ.get(name) for name in _ENDPOINTS):
        return _nothing
    from web import span_export  # noqa: PLC0415 - its memory is only for those who trace

    return span_export.start(service, file)


def _nothing() -> None:
    """There is nothing to end."""
