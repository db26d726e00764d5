"""Spans on their way out, through OpenTelemetry's SDK. Imported only where traces are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from bus import traces
from bus.traces import Span

_KINDS = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "internal": SpanKind.INTERNAL,
}
_SCOPE = InstrumentationScope("yizheng")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_FILE_DELAY = 500
"""Milliseconds after which a span is in the file, so that it can be looked at while things happen."""


def start(service: str, file: Path | None) -> Callable[[], None]:
    """Record this process's spans; return what ends it and sends off the last ones."""
    resource = Resource.create({"service.name": service, "service.namespace": "yizheng"})
    sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler  # the one that the environment asks for
    processor = BatchSpanProcessor(OTLPSpanExporter()) if file is None else _into(file)

    def record(span: Span) -> None:
        if sampler.should_sample(None, int(span.trace_id, 16), span.name).decision is Decision.RECORD_AND_SAMPLE:
            processor.on_end(_readable(span, resource))

    def end() -> None:
        traces.record_with(None)
        processor.shutdown()  # type: ignore[no-untyped-call] # the SDK says nothing about it

    traces.record_with(record)
    return end


def _into(file: Path) -> BatchSpanProcessor:
    return BatchSpanProcessor(SpanLines(file), schedule_delay_millis=_FILE_DELAY)


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    """Say it in OpenTelemetry's terms. The ids are ours, so its own tracer, which makes them up, is not asked."""
    return ReadableSpan(
        span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_id, remote=span.kind != "internal") if span.parent_id else None,
        resource=resource,
        attributes={**span.attributes, **({"error.type": span.error} if span.error else {})},
        links=[Link(_context(*span.link, remote=True))] if span.link else (),
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=span.begun,
        end_time=span.ended,
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=_SAMPLED)


class SpanLines(SpanExporter):
    """Appends spans to a file that several processes share: one JSON object a line, a batch in one write."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        os.write(self._file, b"".join(orjson.dumps(_line(span)) + b"\n" for span in spans))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        os.close(self._file)


def _line(span: ReadableSpan) -> dict[str, object]:
    begun, ended = span.start_time or 0, span.end_time or 0
    return {
        "start": datetime.fromtimestamp(begun / 1e9, UTC).isoformat(timespec="microseconds"),
        "milliseconds": round((ended - begun) / 1e6, 3),
        "service": span.resource.attributes["service.name"],
        "name": span.name,
        "kind": span.kind.name.lower(),
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "error": span.status.description,
        "attributes": dict(span.attributes or {}),
        "links": [f"{link.context.trace_id:032x}-{link.context.span_id:016x}" for link in span.links],
    }
